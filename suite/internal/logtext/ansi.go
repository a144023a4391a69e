package logtext

import "strings"

const escape = '\x1b'

// Plain returns a line without the escape sequences of terminals (ECMA-48):
// colours, cursor movements, titles and links.
func Plain(line string) string {
	if strings.IndexByte(line, escape) < 0 {
		return line
	}
	var b strings.Builder
	b.Grow(len(line))
	for i := 0; i < len(line); {
		if line[i] != escape {
			b.WriteByte(line[i])
			i++
			continue
		}
		i += sequence(line[i:])
	}
	return b.String()
}

// sequence returns the length of the escape sequence at the beginning of s. A
// sequence that does not end is the escape character alone.
func sequence(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[': // control sequence: parameters, then a final byte
		for i := 2; i < len(s) && i < longestSequence; i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				break
			}
		}
		return 1
	case ']', 'P', 'X', '^', '_': // a string that ends with BEL or ESC \
		for i := 2; i < len(s) && i < longestSequence; i++ {
			switch {
			case s[i] == '\a':
				return i + 1
			case s[i] == escape && i+1 < len(s) && s[i+1] == '\\':
				return i + 2
			case s[i] == escape:
				return 1
			}
		}
		return 1
	case '(', ')', '*', '+', '#', '%': // a character set: one more byte
		return min(3, len(s))
	}
	return 2
}

// longestSequence bounds the search for the end of one sequence, so that many
// that do not end take no more than linear time.
const longestSequence = 256
