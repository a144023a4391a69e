package words

import "strings"

// ShellWord makes one word of a text for a POSIX shell.
func ShellWord(text string) string {
	if text == "" || strings.ContainsFunc(text, special) || text[0] == '~' {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

// special reports whether a character can have a meaning for a shell.
func special(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && !(r >= '0' && r <= '9') && !strings.ContainsRune("_@%+=:,./-~", r)
}
