package logtext

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// deepest bounds how many texts within texts are unpacked. Each is no longer
// than the text that holds it.
const deepest = 8

// A field is a value with the name that stands before it: "remote_ip" of
// {"remote_ip": "192.0.2.1"}, of remote_ip=192.0.2.1 and of remote_ip: 192.0.2.1.
type field struct {
	name  string // as it is written
	value string // without quotation marks and escapes
}

// A record is a line taken apart.
type record struct {
	plain  string   // the line without escape sequences
	texts  []string // what was quoted with escapes, without them
	fields []field
}

// read takes a line apart.
func read(line string) *record {
	r := &record{plain: Plain(line)}
	level := []string{r.plain}
	for depth := 0; depth < deepest && len(level) > 0; depth++ {
		var below []string
		for _, text := range level {
			below = append(below, r.scan(text)...)
		}
		level = below
	}
	return r
}

// scan reads the quoted texts and the fields of one text, and returns the quoted
// texts that may hold more of them.
func (r *record) scan(text string) (quoted []string) {
	s := scanner{text: text}
	for s.next() {
		if s.quoted {
			inner := s.value
			if s.escaped {
				inner = Plain(inner)
				r.texts = append(r.texts, inner)
			}
			if strings.ContainsAny(inner, `"'=:`) {
				quoted = append(quoted, inner)
			}
		}
		if s.name != "" && len(s.name) <= longestName && len(r.fields) < mostFields {
			r.fields = append(r.fields, field{s.name, s.value})
		}
	}
	return quoted
}

const (
	longestName = 64
	mostFields  = 512 // of one line; a line with more is a dump of something
)

// A scanner goes through a text token by token: quoted texts, and words between
// separators. It remembers the token before a ":" or "=" as the name of the next.
type scanner struct {
	text string
	at   int
	// closed says which kinds of quotation marks have no partner any more.
	noDouble, noSingle, noBack bool

	value   string // the token
	quoted  bool   // it stood in quotation marks
	escaped bool   // and held escapes
	name    string // the token before it, if a ":" or "=" stood between

	before string // the last token
	assign bool   // a ":" or "=" followed it
}

// next moves to the next token.
func (s *scanner) next() bool {
	s.quoted, s.escaped = false, false
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '=' || c == ':':
			s.assign = s.before != ""
			s.at++
			if c == '=' && s.at < len(s.text) && s.text[s.at] == '>' {
				s.at++ // Ruby's inspect
			}
			continue
		case c == ' ' || c == '\t':
			s.at++
			continue
		case c == '{' || c == '[' || c == '(':
			// {"client": {"ip": …}}: what is inside has names of its own.
			s.before, s.assign = "", false
			s.at++
			continue
		case c == '<' || c == '>' || c == ',' || c == ';' || c == '}' || c == ']' || c == ')' ||
			c == '|' || c < 0x20:
			s.before, s.assign = "", false
			s.at++
			continue
		case s.opens(c):
			if end, escaped := s.closing(c); end > 0 {
				raw := s.text[s.at+1 : end]
				s.value, s.quoted, s.escaped = raw, true, escaped
				if escaped {
					s.value = unquote(s.text[s.at : end+1])
					s.escaped = s.value != raw
				}
				s.at = end + 1
				return s.token()
			}
			s.at++
			continue
		}
		begin := s.at
		for s.at < len(s.text) && !ends(s.text, s.at) {
			s.at++
		}
		if s.at == begin { // a quotation mark that opens nothing
			s.at++
			continue
		}
		s.value = s.text[begin:s.at]
		return s.token()
	}
	return false
}

// token makes the token before it its name, if it is one.
func (s *scanner) token() bool {
	s.name = ""
	if s.assign {
		s.name = s.before
		s.before, s.assign = "", false
		return true
	}
	s.before = s.value
	return true
}

// ends reports whether a word ends at this place. A ":" ends one only before a
// space, a quotation mark or a bracket, or after a name: addresses and times
// hold colons.
func ends(text string, i int) bool {
	switch c := text[i]; c {
	case ' ', '\t', '\n', '\r', '<', '>', ',', ';', '{', '}', '(', ')', '"', '|':
		return true
	case '[', ']':
		return false // [::1]:443
	case '=':
		return true
	case ':':
		if i+1 == len(text) || strings.IndexByte(" \t\"'{[", text[i+1]) >= 0 {
			return true
		}
		return isName(text, i)
	}
	return false
}

// isName reports whether a name stands before the colon at i, as in Go's
// {RemoteIP:192.0.2.1 RemotePort:4711}.
func isName(text string, i int) bool {
	letters := false
	for n := 0; i > 0 && n < longestName; n++ {
		i--
		c := text[i]
		switch {
		case c >= 'g' && c <= 'z', c >= 'G' && c <= 'Z', c == '_':
			letters = true
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F', c == '-':
		case c == '.', c == ':', c == '[', c == '/':
			return false
		default:
			return letters
		}
	}
	return letters
}

// opens reports whether a quotation mark at the scanner's place may begin a
// quoted text.
func (s *scanner) opens(c byte) bool {
	switch c {
	case '"':
		return !s.noDouble
	case '`':
		return !s.noBack
	case '\'':
		if s.noSingle || s.at > 0 && isWord(s.text[s.at-1]) {
			return false // an apostrophe
		}
		return true
	}
	return false
}

// closing returns where the quoted text at the scanner's place ends, and whether
// it holds escapes; 0 if it does not end.
func (s *scanner) closing(quote byte) (end int, escaped bool) {
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '\\' && quote != '`':
			escaped = true
			i++
		case c == quote && (quote != '\'' || i+1 == len(s.text) || !isWord(s.text[i+1])):
			return i, escaped
		}
	}
	switch quote {
	case '"':
		s.noDouble = true
	case '`':
		s.noBack = true
	default:
		s.noSingle = true
	}
	return 0, false
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' ||
		c >= utf8.RuneSelf
}

// unquote returns a quoted text without its quotation marks and escapes: those of
// JSON, of Go, or of languages whose escapes are like them. What is no escape
// stays as it is.
func unquote(quoted string) string {
	var text string
	if quoted[0] == '"' {
		if json.Unmarshal([]byte(quoted), &text) == nil {
			return text
		}
		if text, err := strconv.Unquote(quoted); err == nil {
			return text
		}
	}
	inner := quoted[1 : len(quoted)-1]
	var b strings.Builder
	for len(inner) > 0 {
		if inner[0] != '\\' {
			b.WriteByte(inner[0])
			inner = inner[1:]
			continue
		}
		if len(inner) > 1 && strings.IndexByte(`/"'`, inner[1]) >= 0 {
			b.WriteByte(inner[1])
			inner = inner[2:]
			continue
		}
		if r, multibyte, rest, err := strconv.UnquoteChar(inner, 0); err == nil {
			if multibyte || r < utf8.RuneSelf {
				b.WriteRune(r)
			} else {
				b.WriteByte(byte(r))
			}
			inner = rest
			continue
		}
		b.WriteByte('\\')
		inner = inner[1:]
	}
	return b.String()
}
