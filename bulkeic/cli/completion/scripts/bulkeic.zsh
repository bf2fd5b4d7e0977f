#compdef bulkeic bulkeic.pyz
# zsh completion of bulkeic

_bulkeic() {
    local -a answer plain described folders
    local type value text program=${~${(Q)words[1]}}
    answer=("${(@f)$(env COMP_WORDS="${(pj:\n:)words[1,CURRENT]}" COMP_CWORD=$((CURRENT - 1)) \
        _BULKEIC_COMPLETE=zsh_complete $program 2>/dev/null </dev/null)}")
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    for type value text in "${answer[@]}"; do
        case $type in
        plain)
            if [[ $text == _ ]]; then plain+=("$value"); else described+=("$value:$text"); fi
            ;;
        path) if [[ $value == */ ]]; then folders+=("${value%/}"); else plain+=("$value"); fi ;;
        file) _files ;;
        esac
    done
    (( $#described )) && _describe -V value described
    (( $#plain )) && compadd -V values -a plain
    (( $#folders )) && compadd -V folders -q -S / -a folders
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _bulkeic "$@"
else
    compdef _bulkeic bulkeic bulkeic.pyz
fi
