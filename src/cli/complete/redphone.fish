# Completions of redphone for fish. They ask redphone itself, which reads what is on this machine.
function __redphone_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    command -q -- $program; or set program redphone
    set -l lines ($program complete --shell fish -- $words $current 2>/dev/null)
    set -l first $lines[1]
    set -e lines[1]
    switch "$first"
        case files
            __fish_complete_path $current
        case folders
            __fish_complete_directories $current
        case '*'
            test (count $lines) -gt 0; and printf '%s\n' $lines
    end
end
complete --command redphone --no-files --keep-order --arguments '(__redphone_complete)'
