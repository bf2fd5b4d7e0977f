# fish completion of bulkeic
function __bulkeic_completion
    set -l program (string replace -r '^~/' "$HOME/" -- (commandline -opc)[1])
    set -l answer (env COMP_WORDS=(commandline -cp | string collect) COMP_CWORD=(commandline -ct) \
        _BULKEIC_COMPLETE=fish_complete $program 2>/dev/null </dev/null)
    for line in $answer
        set -l parts (string split -m 1 , -- $line)
        switch $parts[1]
            case plain path
                echo $parts[2]
            case file
                __fish_complete_path (commandline -ct)
        end
    end
end

for program in bulkeic bulkeic.pyz
    complete --no-files --keep-order --command $program --arguments "(__bulkeic_completion)"
end
