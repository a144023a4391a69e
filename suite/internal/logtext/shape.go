package logtext

import (
	"regexp"
	"slices"
	"strings"
)

// Names holds names that belong to one run of a server and say nothing about the
// server: its directory, its host, its addresses.
type Names struct {
	// Words are names that are taken out wherever they stand: host names,
	// addresses, IDs. Upper and lower case count alike.
	Words []string
	// Dirs are absolute paths of directories. They are taken out with what
	// stands behind them: "/run/7/tls/cert.pem" for "/run/7".
	Dirs []string
}

// Without returns a text without the names in it. A nil Names takes nothing out.
func (n *Names) Without(text string) string {
	if n == nil {
		return text
	}
	for _, dir := range longestFirst(n.Dirs) {
		text = withoutPaths(text, dir)
	}
	for _, word := range longestFirst(n.Words) {
		text = withoutWord(text, word)
	}
	return text
}

func longestFirst(texts []string) []string {
	if slices.IsSortedFunc(texts, byLength) {
		return texts
	}
	sorted := slices.Clone(texts)
	slices.SortStableFunc(sorted, byLength)
	return sorted
}

func byLength(a, b string) int { return len(b) - len(a) }

// withoutPaths takes out every path that begins with a directory.
func withoutPaths(text, dir string) string {
	if dir == "" || !strings.Contains(text, dir) {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, dir)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := strings.IndexAny(rest, " \t\n\r\"'`,;()[]{}<>|\\=")
		if end < 0 {
			end = len(rest)
		}
		// A colon ends a path, unless a name goes on behind it.
		if colon := strings.IndexByte(rest[:end], ':'); colon >= 0 {
			end = colon
		}
		text = rest[end:]
	}
}

// withoutWord takes out a word wherever it stands, with the labels directly before
// it: a wildcard or a name below a host says no more than the host.
func withoutWord(text, word string) string {
	if word == "" {
		return text
	}
	lower := asciiLower(text)
	word = asciiLower(word)
	if !strings.Contains(lower, word) {
		return text
	}
	var b strings.Builder
	for {
		at := strings.Index(lower, word)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(withoutLabels(text[:at]))
		text, lower = text[at+len(word):], lower[at+len(word):]
	}
}

// withoutLabels returns a text without the labels of a host name at its end, such
// as "*." or "www.".
func withoutLabels(text string) string {
	for strings.HasSuffix(text, ".") {
		start := len(text) - 1
		for start > 0 && isInLabel(text[start-1]) {
			start--
		}
		if start == len(text)-1 {
			return text
		}
		text = text[:start]
	}
	return text
}

// asciiLower keeps the length of a text, unlike strings.ToLower.
func asciiLower(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return r >= 'A' && r <= 'Z' }) < 0 {
		return text
	}
	lower := []byte(text)
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}

// Shape returns what stays the same of a line when a server writes it again: the
// line without names, colours, numbers, times, durations, and what looks random.
// The members of a JSON object count in any order. Two lines with one shape say
// the same thing.
func Shape(line string, names *Names) string {
	text := names.Without(Plain(line))
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		c := text[i]
		if !isAlphanumeric(c) {
			if space := c == ' ' || c == '\t'; !space || b.Len() > 0 && b.String()[b.Len()-1] != ' ' {
				if space {
					c = ' '
				}
				b.WriteByte(c)
			}
			i++
			continue
		}
		end, varies := run(text, i)
		if varies || inDate(text[i:end], text[end:]) {
			b.WriteByte('0')
		} else {
			b.WriteString(text[i:end])
		}
		i = end
	}
	shape := withoutEmptyItems(strings.TrimSpace(b.String()))
	if strings.HasPrefix(shape, "{") {
		members := strings.Split(strings.Trim(shape, "{}"), ",")
		slices.Sort(members)
		shape = "{" + strings.Join(members, ",") + "}"
	}
	return shape
}

var (
	emptyBrackets    = regexp.MustCompile(`\[[ ,]+\]`)
	emptyParentheses = regexp.MustCompile(`\([ ,]+\)`)
)

// withoutEmptyItems makes lists alike that held nothing but names, however many.
func withoutEmptyItems(shape string) string {
	return emptyParentheses.ReplaceAllString(emptyBrackets.ReplaceAllString(shape, "[]"), "()")
}

// run returns where a run of letters and digits ends, with the numbers that
// belong to it, and whether it differs from start to start.
func run(text string, i int) (end int, varies bool) {
	if isUUID(text[i:]) {
		return i + uuidLength, true
	}
	if isDigit(text[i]) {
		end = i
		for end < len(text) && (isDigit(text[end]) ||
			strings.IndexByte(".,:/-+", text[end]) >= 0 && end+1 < len(text) && isDigit(text[end+1])) {
			end++
		}
		// A unit, or the rest of a random word.
		for end < len(text) && isAlphanumeric(text[end]) {
			end++
		}
		return end, true
	}
	digits, hex, changes := 0, true, 0
	var upper, lower int
	for end = i; end < len(text) && isAlphanumeric(text[end]); end++ {
		c := text[end]
		switch {
		case isDigit(c):
			digits++
			if end+1 < len(text) && isLetter(text[end+1]) {
				changes++
			}
		case c >= 'a' && c <= 'z':
			lower++
			hex = hex && c <= 'f'
		default:
			upper++
			hex = hex && c <= 'F'
		}
	}
	n := end - i
	switch {
	case hex && (digits > 0 || n >= 6):
		return end, true
	case n >= 8 && changes > 0, n >= 20 && digits > 0 && upper > 0 && lower > 0:
		return end, true
	case n >= 40 && upper >= 4 && lower >= 4:
		return end, true
	}
	return end, false
}

// inDate reports whether a word is the name of a month or of a day of the week in a date,
// as Apache writes it ("Mon Feb 01 11:42:25 2027"), syslog ("Feb  1"), mail ("Mon, 01 Feb
// 2027") and the common log format ("01/Feb/2027").
func inDate(word, rest string) bool {
	switch {
	case len(word) != 3:
		return false
	case slices.Contains(months, word):
		return isDigit(firstOf(strings.TrimLeft(rest[:min(len(rest), 3)], " /-")))
	case slices.Contains(weekdays, word):
		rest = strings.TrimLeft(strings.TrimPrefix(rest[:min(len(rest), 9)], ","), " 0123456789")
		return len(rest) >= 3 && slices.Contains(months, rest[:3])
	}
	return false
}

var (
	months = []string{
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
	}
	weekdays = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
)

func firstOf(text string) byte {
	if text == "" {
		return 0
	}
	return text[0]
}

const uuidLength = 36

// isUUID reports whether a text begins with a UUID (RFC 9562 §4). Its groups alone
// may look like words or like numbers.
func isUUID(text string) bool {
	if len(text) < uuidLength {
		return false
	}
	for i := range uuidLength {
		c := text[i]
		if hyphen := i == 8 || i == 13 || i == 18 || i == 23; hyphen != (c == '-') {
			return false
		} else if !hyphen && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return len(text) == uuidLength || !isAlphanumeric(text[uuidLength])
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isInLabel(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("*-_", c) >= 0 }

func isAlphanumeric(c byte) bool { return isDigit(c) || isLetter(c) }
