# Completions of redphone for bash. They ask redphone itself, which reads what is on this machine.
_redphone() {
    local program=${1/#\~\//$HOME/} line first=
    type -P -- "$program" >/dev/null || program=redphone
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $first ]]; then first=$line; else COMPREPLY+=("$line"); fi
    done < <("$program" complete --shell bash --line="${COMP_LINE:0:COMP_POINT}" \
        --current="$2" --kind="${COMP_TYPE:-9}" --columns="${COLUMNS:-80}" 2>/dev/null)
    case $first in
        files) compopt -o default -o filenames 2>/dev/null || COMPREPLY=($(compgen -f -- "$2")) ;;
        folders) compopt -o dirnames -o filenames 2>/dev/null || COMPREPLY=($(compgen -d -- "$2")) ;;
        unfinished) compopt -o nospace 2>/dev/null ;;
    esac
}
complete -o nosort -F _redphone redphone 2>/dev/null || complete -F _redphone redphone
