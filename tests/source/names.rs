//! Holds the names of the code to the field's and Rust's standard terms.

use std::collections::BTreeSet;

use super::tree::{SourceFile, source_files};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Words that no name may have as a part. Each of them was used for several unrelated things.
const REFUSED: [&str; 37] = [
    "told", "tell", "tells", "kept", "keep", "keeps", "laid", "lay", "lays", "hand", "hands",
    "handed", "take", "takes", "taken", "around", "beside", "asked", "asker", "known", "knows",
    "held", "anew", "there", "here", "place", "places", "look", "looks", "looked", "words", "left",
    "over", "gone", "whole", "piece", "pieces",
];

/// The only refused term that consists of two words.
const REFUSED_PHRASE: [&str; 2] = ["broken", "off"];

/// Names that contain a refused word nevertheless, each with its reason.
const EXCEPTIONS: [(&str, &str); 8] = [
    ("KnownError", "the field's term: a problem whose cause is accepted, with a workaround"),
    ("known_error", "the field's term, see KnownError"),
    ("known_errors", "the field's term, see KnownError"),
    ("Left", "the side: a key that moves to the left"),
    ("LABELS_LEFT_FROM", "the side: from this width on labels of a form stand on the left"),
    ("draw_left_right", "the sides: two texts of one line, on the left and on the right"),
    ("left", "the side: the part of a line that is drawn on the left"),
    ("move_left", "the side: the cursor of the filter line moves to the left"),
];

/// The longest name of a test, in characters.
const LONGEST_TEST_NAME: usize = 60;

/// A name that the code defines.
#[derive(Debug)]
struct DefinedName {
    name: String,
    line: usize,
    is_test: bool,
}

/// Collects the names of functions, types, fields, variants, modules and constants.
#[derive(Default)]
struct Names(Vec<DefinedName>);

impl Names {
    fn add(&mut self, ident: &proc_macro2::Ident, is_test: bool) {
        self.0.push(DefinedName {
            name: ident.to_string(),
            line: ident.span().start().line,
            is_test,
        });
    }

    /// Finds functions within a macro call, which is not parsed as Rust (`proptest!`).
    fn add_from_tokens(&mut self, tokens: TokenStream) {
        let mut after_fn = false;
        let mut is_test = false;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if after_fn => {
                    self.add(&ident, is_test);
                    (after_fn, is_test) = (false, false);
                }
                TokenTree::Ident(ident) => after_fn = ident == "fn",
                TokenTree::Group(group) => {
                    if group.delimiter() == Delimiter::Bracket {
                        is_test |= group.stream().to_string() == "test";
                    }
                    self.add_from_tokens(group.stream());
                }
                _ => {}
            }
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == "test" || segment.ident == "rstest")
    })
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig.ident, is_test(&item.attrs));
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        // Methods of a trait are named where the trait is.
        if item.trait_.is_none() {
            for member in &item.items {
                match member {
                    syn::ImplItem::Fn(function) => self.add(&function.sig.ident, false),
                    syn::ImplItem::Const(constant) => self.add(&constant.ident, false),
                    _ => {}
                }
            }
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add(&item.sig.ident, false);
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(&item.ident, false);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(&item.ident, false);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(&item.ident, false);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add(&item.ident, false);
        visit::visit_item_type(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.add(&item.ident, false);
        visit::visit_item_mod(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.add(&item.ident, false);
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.add(&item.ident, false);
        visit::visit_item_static(self, item);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(ident) = &field.ident {
            self.add(ident, false);
        }
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.add(&variant.ident, false);
        visit::visit_variant(self, variant);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let _ = call.span();
        self.add_from_tokens(call.tokens.clone());
    }
}

/// Splits a name in snake, camel or upper case into its words, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut after_lower = false;
    for character in name.chars() {
        if character == '_' || (character.is_uppercase() && after_lower) {
            parts.push(String::new());
        }
        after_lower = character.is_lowercase() || character.is_ascii_digit();
        if character != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(character.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns the refused word in a name, where it has one.
fn refused_word(name: &str) -> Option<String> {
    if EXCEPTIONS.iter().any(|(exception, _)| *exception == name) {
        return None;
    }
    let parts = parts(name);
    if parts.windows(2).any(|pair| pair == REFUSED_PHRASE) {
        return Some(REFUSED_PHRASE.join(" "));
    }
    parts.into_iter().find(|part| REFUSED.contains(&part.as_str()))
}

fn names_of(file: &SourceFile) -> Vec<DefinedName> {
    let mut names = Names::default();
    names.visit_file(&file.syntax);
    names.0
}

#[test]
fn names_hold_no_refused_word() {
    let mut wrong = Vec::new();
    for file in source_files(&["src", "tests"]) {
        for defined in names_of(&file) {
            if let Some(word) = refused_word(&defined.name) {
                wrong.push(format!("{}:{}: {} ({word})", file.path, defined.line, defined.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} names:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn test_names_are_short_enough_to_read() {
    let mut wrong = Vec::new();
    for file in source_files(&["src", "tests"]) {
        for defined in names_of(&file) {
            if defined.is_test && defined.name.chars().count() > LONGEST_TEST_NAME {
                wrong.push(format!("{}:{}: {}", file.path, defined.line, defined.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} names:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn exceptions_are_in_use_and_have_a_reason() {
    let used: BTreeSet<String> = source_files(&["src", "tests"])
        .iter()
        .flat_map(names_of)
        .map(|defined| defined.name)
        .collect();
    for (name, reason) in EXCEPTIONS {
        assert!(used.contains(name), "{name} is not used");
        assert!(reason.len() > 10, "{name} has no reason");
    }
}

#[test]
fn refused_parts_are_found_in_every_case() {
    for name in ["kept", "kept_rows", "KeptRows", "KEPT_ROWS", "is_left", "broken_off_at"] {
        assert!(refused_word(name).is_some(), "{name}");
    }
    for name in ["handoff", "overlay", "Takeover", "placement", "takeover_since", "lookup"] {
        assert_eq!(refused_word(name), None, "{name}");
    }
}
