package complete

import (
	"fmt"
	"strings"
)

// The scripts call PROGRAM completion words -- WORD…, which prints one candidate on
// each line. They hold no names of commands and flags, so they stay right when the
// program changes.
var scripts = map[string]string{
	"bash": `# Completion of PROGRAM for bash: source <(PROGRAM completion bash)
_PROGRAM() {
	local line cur words
	COMPREPLY=()
	# COMP_WORDS splits at = and :, which the program does not.
	line=${COMP_LINE:0:COMP_POINT}
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	cur=${words[${#words[@]}-1]}
	# What bash has split off at the last = or : stays as it is.
	local kept=${cur%"${COMP_WORDS[COMP_CWORD]}"}
	[[ ${COMP_WORDS[COMP_CWORD]} == [=:] ]] && kept=$cur
	while IFS= read -r line; do
		if [[ $line == ":file" ]]; then
			compopt -o filenames 2>/dev/null
			while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${cur##*=}")
		else
			COMPREPLY+=("${line#"$kept"}")
		fi
	done < <("${words[0]}" completion words -- "${words[@]:1}" 2>/dev/null)
}
complete -o nosort -F _PROGRAM PROGRAM
`,
	"zsh": `#compdef PROGRAM
# Completion of PROGRAM for zsh: source <(PROGRAM completion zsh)
_PROGRAM() {
	local -a candidates
	candidates=("${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if (( ${candidates[(Ie):file]} )); then
		candidates=("${(@)candidates:#:file}")
		compset -P '*='
		_files
	fi
	candidates=("${(@)candidates:#}")
	(( $#candidates )) && compadd -U -V PROGRAM -- "${candidates[@]}"
}
if [ "$funcstack[1]" = "_PROGRAM" ]; then _PROGRAM "$@"; else compdef _PROGRAM PROGRAM; fi
`,
	"fish": `# Completion of PROGRAM for fish: PROGRAM completion fish | source
function __PROGRAM_complete
	set -l words (commandline -opc) (commandline -ct)
	for candidate in ($words[1] completion words -- $words[2..-1] 2>/dev/null)
		if test "$candidate" = ":file"
			__fish_complete_path (string replace -r '^.*=' '' -- $words[-1])
		else
			echo $candidate
		end
	end
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`,
}

// Shells are the shells that [Script] knows.
var Shells = []string{"bash", "zsh", "fish"}

// Script returns the script that completes the command line of a program in a shell.
func Script(shell, program string) (string, error) {
	script, ok := scripts[shell]
	if !ok {
		return "", fmt.Errorf("completion: found %q, expected one of %s",
			shell, strings.Join(Shells, ", "))
	}
	return strings.ReplaceAll(script, "PROGRAM", program), nil
}
