# bash completion of bulkeic
_bulkeic_completion() {
    local IFS=$'\n' answer type value
    COMPREPLY=()
    answer=$(env COMP_WORDS="${COMP_WORDS[*]:0:COMP_CWORD+1}" COMP_CWORD="$COMP_CWORD" \
        _BULKEIC_COMPLETE=bash_complete "${1/#\~\//$HOME/}" 2>/dev/null </dev/null) || return 0
    while IFS=, read -r type value; do
        case $type in
        plain)
            [[ ${COMP_WORDS[COMP_CWORD]} == [\"\']* || $value != *[!A-Za-z0-9_.,:/@%+=-]* ]] ||
                printf -v value %q "$value"
            COMPREPLY+=("$value")
            ;;
        path)
            compopt -o filenames 2>/dev/null
            COMPREPLY+=("$value")
            ;;
        file)
            compopt -o bashdefault -o default 2>/dev/null
            ;;
        esac
    done <<<"$answer"
}

complete -o nosort -F _bulkeic_completion bulkeic bulkeic.pyz 2>/dev/null ||
    complete -o default -F _bulkeic_completion bulkeic bulkeic.pyz # bash before 4.4
