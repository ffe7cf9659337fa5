#compdef redphone
# Completions of redphone for zsh. They ask redphone itself, which reads what is on this machine.
_redphone() {
    local program=${words[1]/#\~\//$HOME/} line value
    local -a lines ended shown unfinished unfinished_shown
    whence -p -- $program >/dev/null || program=redphone
    lines=("${(@f)$($program complete --shell zsh --columns=${COLUMNS:-80} -- \
        "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case ${lines[1]} in
        files) compset -P '--*='; _files; return ;;
        folders) compset -P '--*='; _files -/; return ;;
    esac
    for line in "${(@)lines[2,-1]}"; do
        value=${line%%$'\t'*}
        if [[ $value == *[:\<\>=/] ]]; then
            unfinished+=("$value") unfinished_shown+=("${line#*$'\t'}")
        else
            ended+=("$value") shown+=("${line#*$'\t'}")
        fi
    done
    local -a list
    [[ ${lines[2,-1]} == *$'\t'* ]] && list=(-l)
    local status_code=1
    (( $#ended )) && compadd -V redphone $list -d shown -a ended && status_code=0
    (( $#unfinished )) && compadd -V redphone $list -S '' -d unfinished_shown -a unfinished &&
        status_code=0
    return $status_code
}
if [[ $funcstack[1] == _redphone ]]; then
    _redphone "$@"
elif (( $+functions[compdef] )); then
    compdef _redphone redphone
fi
