package redact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Redactor replaces what must not be published. The zero value recognizes
// secrets by their form. [New] adds values whose form does not show that they
// are secret.
//
// A Redactor replaces private keys in PEM, cut ones too; private members of JSON
// Web Keys (RFC 7517 §4, RFC 7518 §6); key authorizations (RFC 8555 §8.1);
// tokens of challenges; JSON Web Signatures (RFC 7515); and keys for external
// account binding (RFC 8555 §7.3.4). It recognizes them in plain text, inside
// JSON strings, and across line breaks. Redacting twice has the same result as
// once.
type Redactor struct {
	secrets []secret // the longest first
	index   *index   // nil without secrets
}

// secret is a value whose form does not show that it is secret.
type secret struct {
	squeezed string                // for a fast search: see [squeeze]
	re       func() *regexp.Regexp // compiled on first use, as it is large for a whole key
}

// shortestSecret is the length of the shortest value that a Redactor replaces. A
// shorter one occurs in texts that have nothing to do with the secret.
const shortestSecret = 8

// wrap matches a line break within a value, escaped or not, with the indentation
// of the next line.
const wrap = `(?:(?:\\+[nr]|[\r\n])+[ \t]*)`

// b64 matches one character of base64 or base64url.
const b64 = `[A-Za-z0-9+/_-]`

// b64url matches one character of base64url.
const b64url = `[A-Za-z0-9_-]`

// New returns a Redactor that also replaces the given values, in either alphabet
// of base64, and across line breaks. It ignores values of fewer than 8
// characters.
func New(secrets ...string) Redactor {
	var r Redactor
	sorted := slices.Clone(secrets)
	slices.SortFunc(sorted, func(a, b string) int { // the longest first
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	for _, s := range slices.Compact(sorted) {
		s = strings.TrimRight(strings.TrimSpace(s), "=")
		if len(s) >= shortestSecret {
			re := sync.OnceValue(func() *regexp.Regexp { return spellings(s) })
			r.secrets = append(r.secrets, secret{squeeze(s), re})
		}
	}
	r.index = newIndex(r.secrets)
	return r
}

// spellings returns an expression for every way to write a secret: in either
// alphabet of base64, with or without escapes, line breaks and padding.
func spellings(s string) *regexp.Regexp {
	var p strings.Builder
	for i, c := range s {
		if i > 0 {
			p.WriteString(wrap + "?")
		}
		switch c {
		case '-', '+':
			p.WriteString("[-+]")
		case '_', '/':
			p.WriteString("(?:_|\\\\*/)") // JSON within JSON escapes a slash more than once
		case '\n', '\r':
			p.WriteString(wrap + "?")
		case '"', '\\':
			p.WriteString(`\\*` + regexp.QuoteMeta(string(c)))
		default:
			p.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return regexp.MustCompile(p.String() + `=*`)
}

// squeeze removes white space and line breaks from a text and replaces one
// alphabet of base64 with the other. If a text contains a secret in any spelling,
// the squeezed text contains the squeezed secret.
func squeeze(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r', '\n':
		case '\\':
			if i+1 < len(s) && (s[i+1] == 'n' || s[i+1] == 'r') {
				i++
			}
		case '-':
			out.WriteByte('+')
		case '_':
			out.WriteByte('/')
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// patterns hold the forms of secrets.
var patterns = []rule{
	// JWS in compact form: three parts, of which the first begins a JSON object.
	{
		with("eyJ"),
		regexp.MustCompile(`eyJ(?:` + wrap + `?` + b64url + `){10,}` +
			`\.(?:` + wrap + `?` + b64url + `)*\.(?:` + wrap + `?` + b64url + `){16,}`),
		"[redacted signature]",
	},
	// Key authorization: token, dot and thumbprint, which is a SHA-256 digest.
	{
		mayHoldThumbprint,
		regexp.MustCompile(`(?:` + b64url + wrap + `?){22,}` +
			`\.` + wrap + `?` + b64url + `(?:` + wrap + `?` + b64url + `){42}`),
		"[redacted key authorisation]",
	},
	// JWS in JSON form, and what it carries.
	{
		with("protected", "payload", "signature"),
		regexp.MustCompile(`("(?:protected|payload|signature)\\*"\s*:\s*\\*")` +
			`(?:` + b64url + wrap + `?){40,}=*`),
		"${1}[redacted]",
	},
	// Private members of a JWK.
	{
		with(privateMembers()...),
		regexp.MustCompile(`("(?:d|p|q|dp|dq|qi|k)\\*"\s*:\s*\\*")(?:` + b64url + wrap + `?){16,}=*`),
		"${1}[redacted]",
	},
	// A token has at least 128 bits of entropy, so 22 characters (RFC 8555 §8.3).
	{
		with("token", "Token", "TOKEN"),
		regexp.MustCompile(`(?i)\b(token["'\\]*(?:\s*[:=]\s*|\s)["'\\]*)` + b64url + `{22,}`),
		"${1}[redacted token]",
	},
	{
		with("acme-challenge"),
		regexp.MustCompile(`(\.well-known\\*/acme-challenge\\*/)` +
			b64url + `(?:` + wrap + `?` + b64url + `){21,}`),
		"${1}[redacted token]",
	},
	{
		with("hmac", "HMAC", "Hmac"),
		regexp.MustCompile(
			`(?i)(hmac(?:[-_ ]?(?:encoded[-_ ]?)?key["'\\]*\s*[:= ]|["'\\]*\s*[:=])\s*["'\\]*)` +
				b64 + `(?:` + wrap + `?` + b64 + `){15,}=*`),
		"${1}[redacted]",
	},
	{
		with("eab", "EAB"),
		regexp.MustCompile(`(?i)(eab[-_ ]?(?:key|secret)["'\\]*\s*[:= ]\s*["'\\]*)` +
			b64 + `(?:` + wrap + `?` + b64 + `){15,}=*`),
		"${1}[redacted]",
	},
}

// with returns a test for any of the given words.
func with(words ...string) func(string) bool {
	return func(s string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
	}
}

// privateMembers returns the names of JSON members that hold private parts of
// keys, as they begin in JSON and in JSON within JSON.
func privateMembers() []string {
	var out []string
	for _, m := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
		out = append(out, `"`+m+`"`, `"`+m+`\`)
	}
	return out
}

// mayHoldThumbprint reports whether a text has 43 characters of base64url after a
// dot, line breaks not counted. It saves most calls of a slow expression.
func mayHoldThumbprint(s string) bool {
	for {
		_, rest, found := strings.Cut(s, ".")
		if !found {
			return false
		}
		s = rest
		wrapped := false
		for n, i := 0, 0; i < len(rest); i++ {
			switch c := rest[i]; {
			case c == '\\':
				// An escaped break. The letter after it is counted, which can
				// only make the result true too often.
				wrapped = true
			case c == '\n', c == '\r':
				wrapped = true
			case wrapped && (c == ' ' || c == '\t'):
			case isBase64URL(c):
				wrapped = wrapped && i > 0 && rest[i-1] == '\\'
				if n++; n == 43 {
					return true
				}
			default:
				i = len(rest)
			}
		}
	}
}

// Text returns a text with every secret replaced.
func (r Redactor) Text(s string) string {
	if len(r.secrets) > 0 {
		for _, i := range r.index.in(squeeze(s), r.secrets) {
			s = r.secrets[i].re().ReplaceAllLiteralString(s, "[redacted]")
		}
	}
	s = redactPEM(s)
	for _, p := range patterns {
		s = p.apply(s)
	}
	return s
}

const redactedKey = "[redacted private key]"

var (
	keyBegin = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`)
	keyEnd   = regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY-----`)
	// keyBody matches the base64 lines after a BEGIN without an END. The last
	// line may be short, so that one word too many may be redacted.
	keyBody = regexp.MustCompile(
		`^(?:(?:\s|\\+[nr])+(?:[A-Z][A-Za-z-]+: [A-Za-z0-9, -]+|[A-Za-z0-9+/]{16,}=*))*` +
			`(?:(?:\s|\\+[nr])+[A-Za-z0-9+/]+=*)?`)
	// keyTail matches the base64 lines before an END without a BEGIN.
	keyTail = regexp.MustCompile(
		`(?:[A-Za-z0-9+/]{16,}=*(?:\s|\\+[nr])+)*[A-Za-z0-9+/]*=*(?:\s|\\+[nr])*$`)
)

// redactPEM replaces private keys in PEM (RFC 7468 §10), and the rest of those
// that were cut at either end.
func redactPEM(s string) string {
	if !strings.Contains(s, "PRIVATE KEY-----") {
		return s
	}
	// Each is searched for once: a text may hold thousands of one and none of the other.
	begins, ends := boundaries(keyBegin, s), boundaries(keyEnd, s)
	var out strings.Builder
	for at := 0; ; {
		begins, ends = from(begins, at), from(ends, at)
		switch {
		case len(begins) == 0 && len(ends) == 0:
			out.WriteString(s[at:])
			return out.String()
		case len(begins) == 0 || len(ends) > 0 && ends[0][0] < begins[0][0]: // the beginning was cut
			before := s[at:max(at, ends[0][0])]
			out.WriteString(before[:keyTail.FindStringIndex(before)[0]] + redactedKey)
			at = ends[0][1]
		default:
			out.WriteString(s[at:max(at, begins[0][0])] + redactedKey)
			at = begins[0][1]
			begins, ends = from(begins, at), from(ends, at)
			switch {
			case len(begins) > 0 && (len(ends) == 0 || begins[0][0] < ends[0][0]): // the end was cut
				at += keyBody.FindStringIndex(s[at:max(at, begins[0][0])])[1]
			case len(ends) == 0:
				at += keyBody.FindStringIndex(s[at:])[1]
			default:
				at = ends[0][1]
			}
		}
	}
}

// dashes stand at both ends of a boundary. Two boundaries may share them.
const dashes = len("-----")

// boundaries returns where the boundaries of one kind stand.
func boundaries(kind *regexp.Regexp, s string) (places [][]int) {
	for at := 0; ; {
		place := kind.FindStringIndex(s[at:])
		if place == nil {
			return places
		}
		places = append(places, []int{at + place[0], at + place[1]})
		at += place[1] - dashes
	}
}

// from returns the boundaries after a position, which may share the dashes before it.
func from(places [][]int, at int) [][]int {
	for len(places) > 0 && places[0][0] < at-dashes {
		places = places[1:]
	}
	return places
}
