//! Chooses the folder of a remote: by store and token, whatever its address is called.

use std::path::{Path, PathBuf};

use super::paths::{RemoteKey, normalize_url};
use super::survey::OutboxFolder;

/// The folder of a remote, and related outboxes.
#[derive(Debug)]
pub(super) struct Choice {
    pub folder: PathBuf,
    /// Outboxes of the same remote and token, whose content belongs into the folder.
    pub merged: Vec<PathBuf>,
    /// Outboxes of the same remote with another token or an unknown one: their pending commands are
    /// sent from here once it is known that the same person requested them.
    pub siblings: Vec<PathBuf>,
}

/// Chooses among the folders that were found.
pub(super) fn choose(
    root: &Path,
    key: &RemoteKey,
    token: Option<&str>,
    found: &[OutboxFolder],
) -> Choice {
    let url = normalize_url(&key.url);
    let has_url = |folder: &OutboxFolder| folder.urls.contains(&url);
    // An outbox that can't be read is reported, and not changed.
    let readable = || found.iter().filter(|folder| folder.error.is_none());
    let store = readable()
        .filter(|folder| has_url(folder))
        .max_by_key(|folder| (folder.store.is_some(), folder.token.as_deref() == token))
        .and_then(|folder| folder.store.clone());
    let is_same_store =
        |folder: &OutboxFolder| has_url(folder) || (store.is_some() && folder.store == store);
    let is_legacy = |folder: &OutboxFolder| {
        let name = folder.folder_name();
        let handles = folder.handles.iter().chain([&key.handle]);
        folder.urls.is_empty()
            && handles.into_iter().any(|handle| key.is_legacy_name(handle, &name))
    };
    let own_legacy = |folder: &OutboxFolder| {
        folder.urls.is_empty() && key.is_legacy_name(&key.handle, &folder.folder_name())
    };
    // While the token can't be read (keyring locked, logged out), the requester gets the data
    // cached with the token that was used last at the address.
    let last_used = readable()
        .filter(|folder| token.is_none() && folder.token.is_some() && has_url(folder))
        .max_by_key(|folder| folder.used_at);
    let is_same = |folder: &OutboxFolder| match (token, last_used) {
        (Some(_), _) => folder.token.as_deref() == token && is_same_store(folder),
        (None, Some(last)) => folder.folder == last.folder,
        // A remote without tokens: the outbox belongs to an address and a handle.
        (None, None) => {
            folder.token.is_none()
                && has_url(folder)
                && key.is_legacy_name(&key.handle, &folder.folder_name())
        }
    };
    let same: Vec<&OutboxFolder> = readable().filter(|folder| is_same(folder)).collect();
    let chosen = same.first().copied().or_else(|| found.iter().find(|folder| own_legacy(folder)));
    let folder = chosen.map_or_else(|| root.join(key.new_folder_name(token)), |c| c.folder.clone());
    let others = || readable().filter(|other| other.folder != folder);
    let paths =
        |folders: Vec<&OutboxFolder>| folders.into_iter().map(|f| f.folder.clone()).collect();
    let is_merged =
        |other: &OutboxFolder| is_same(other) || (last_used.is_none() && own_legacy(other));
    Choice {
        merged: paths(others().filter(|other| is_merged(other)).collect()),
        siblings: paths(
            others()
                .filter(|other| {
                    !is_merged(other) && other.counts.pending + other.counts.refused > 0
                })
                .filter(|other| token.is_some() && (is_same_store(other) || is_legacy(other)))
                .collect(),
        ),
        folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://127.0.0.1:7373";

    fn key(url: &str, handle: &str) -> RemoteKey {
        RemoteKey { name: "prod".into(), url: url.into(), handle: handle.into() }
    }

    fn folder(name: &str, urls: &[&str], token: Option<&str>, store: Option<&str>) -> OutboxFolder {
        OutboxFolder {
            folder: Path::new("/s").join(name),
            urls: urls.iter().map(|url| normalize_url(url)).collect(),
            token: token.map(str::to_owned),
            store: store.map(str::to_owned),
            ..OutboxFolder::default()
        }
    }

    fn chosen(url: &str, token: Option<&str>, found: &[OutboxFolder]) -> (String, Vec<String>) {
        let choice = choose(Path::new("/s"), &key(url, "ines"), token, found);
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        (name(&choice.folder), choice.merged.iter().map(name).collect())
    }

    #[test]
    fn spelling_and_account_make_no_difference() {
        let (one, _) = chosen(URL, Some("t1"), &[]);
        for url in ["http://localhost:7373", "http://[::1]:7373/", "http://LOCALHOST.:7373"] {
            let choice = choose(Path::new("/s"), &key(url, "root"), Some("t1"), &[]);
            assert_eq!(choice.folder, Path::new("/s").join(&one), "{url}");
        }
        let (other, _) = chosen(URL, Some("t2"), &[]);
        assert_ne!(one, other);
        assert_ne!(chosen("http://127.0.0.1:7374", Some("t1"), &[]).0, one);
    }

    #[test]
    fn addresses_of_one_store_share_a_folder() {
        let a = folder("a", &["https://a.example"], Some("t1"), Some("s1"));
        let b = folder("b", &["https://b.example"], Some("t1"), Some("s1"));
        let unknown = folder("c", &["https://c.example"], Some("t1"), None);
        let found = [a, b, unknown];
        assert_eq!(chosen("https://b.example", Some("t1"), &found), ("a".into(), vec!["b".into()]));
        assert_eq!(chosen("https://a.example/", Some("t1"), &found).0, "a");
        assert_eq!(chosen("https://c.example", Some("t1"), &found), ("c".into(), vec![]));
        // The same token elsewhere is not the same remote.
        assert!(chosen("https://d.example", Some("t1"), &found).1.is_empty());
    }

    #[test]
    fn folder_of_an_earlier_version_is_used_by_its_account() {
        let old = key(URL, "ines").folder_name();
        let found = [folder(&old, &[], None, None)];
        assert_eq!(chosen("http://127.0.0.1:7373", Some("t1"), &found).0, old);
        let mine = folder("mine", &[URL], Some("t1"), None);
        let found = [folder(&old, &[], None, None), mine];
        assert_eq!(chosen(URL, Some("t1"), &found), ("mine".into(), vec![old]));
    }
    #[test]
    fn without_a_token_the_last_used_folder_is_read() {
        let used = |name: &str, token: Option<&str>, at_s: u64| OutboxFolder {
            used_at: Some(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at_s)),
            ..folder(name, &[URL], token, None)
        };
        let bare = key(URL, "ines").folder_name();
        let found =
            [used(&bare, None, 90), used("old", Some("t1"), 10), used("now", Some("t2"), 20)];
        // Commands pending in the one without a token are not moved: their requester is not known
        // yet.
        assert_eq!(chosen(URL, None, &found), ("now".into(), vec![]));
        assert_eq!(chosen(URL, Some("t1"), &found).0, "old");
        assert_eq!(chosen(URL, None, &found[..1]).0, bare);
        assert_eq!(chosen("http://127.0.0.1:7374", None, &found[1..]).1, Vec::<String>::new());
    }
}
