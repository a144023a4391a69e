package redact

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// rule is a form of text, and what replaces it.
type rule struct {
	may  func(s string) bool // a fast test: false if s cannot contain the form
	re   *regexp.Regexp
	with string
}

// apply replaces the form wherever it occurs.
func (r rule) apply(s string) string {
	if !r.may(s) {
		return s
	}
	return r.re.ReplaceAllString(s, r.with)
}

// rules hold the forms of random text with their masks. A form that contains
// others comes first.
var rules = []rule{
	// ACME resources by the paths that Pebble and Boulder use. The first group
	// keeps the path.
	{
		with("order/"),
		regexp.MustCompile(`(/(?:my-order|finalize-order|acme/order)/)` + idPath),
		"${1}<order>",
	},
	{with("/acme/finalize/"), regexp.MustCompile(`(/acme/finalize/)` + idPath), "${1}<order>"},
	{
		with("/authZ/", "/acme/authz"),
		regexp.MustCompile(`(/(?:authZ|acme/authz(?:-v3)?)/)` + idPath),
		"${1}<authz>",
	},
	{
		with("/chalZ/", "/acme/chall"),
		regexp.MustCompile(`(/(?:chalZ|acme/chall(?:-v3)?)/)` + idPath),
		"${1}<challenge>",
	},
	{
		with("/certZ/", "/acme/cert/"),
		regexp.MustCompile(`(/(?:certZ|acme/cert)/)` + idPath),
		"${1}<certificate>",
	},
	{
		with("/my-account/", "/list-orderz/", "/acme/acct/"),
		regexp.MustCompile(`(/(?:my-account|list-orderz|acme/acct)/)` + idPath),
		"${1}<account>",
	},
	{
		with("/renewalInfo/", "/renewal-info/"),
		regexp.MustCompile(`(/(?:draft-ietf-acme-ari-03/renewalInfo|acme/renewal-info)/)[A-Za-z0-9_.-]+`),
		"${1}<certificate>",
	},
	{
		mayHoldThumbprint,
		regexp.MustCompile(`[A-Za-z0-9_-]{22,}\.[A-Za-z0-9_-]{43}`),
		"<key authorisation>",
	},
	{
		with("acme-challenge/"),
		regexp.MustCompile(`(\.well-known/acme-challenge/)[A-Za-z0-9_-]{22,}`),
		"${1}<token>",
	},
	{
		longWord(22),
		regexp.MustCompile(`(?i)\b(order|authz|authorization|account|nonce|token)` +
			`( |=|: ?|="|: ")[A-Za-z0-9_-]{22,}`),
		"${1}${2}<${1}>",
	},

	// Times: RFC 3339 and Go's time.String, Go's log, HTTP-date and RFC 1123,
	// ANSI C, openssl and syslog, then dates and times of day alone.
	{
		clock,
		regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?` +
			`(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)\b)*(?: m=[+-][\d.]+)?`),
		"<time>",
	},
	{clock, regexp.MustCompile(`\b\d{4}/\d\d/\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?`), "<time>"},
	{
		clock,
		regexp.MustCompile(`\b(?:` + days + `, )?\d{1,2}[ -]` + months + `[ -]\d{2,4} ` +
			`\d\d:\d\d:\d\d(?:\.\d+)?(?: (?:GMT|UTC|[+-]\d{4})\b)?`),
		"<time>",
	},
	{
		clock,
		regexp.MustCompile(`\b(?:` + days + ` )?` + months + ` {1,2}\d{1,2} ` +
			`\d\d:\d\d:\d\d(?:\.\d+)?(?: (?:GMT|UTC)\b)?(?: \d{4}\b)?(?: (?:GMT|UTC)\b)?`),
		"<time>",
	},
	{ // the common log format of web servers
		clock,
		regexp.MustCompile(`\b\d\d/` + months + `/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4}\b)?`),
		"<time>",
	},
	{with("-", "/"), regexp.MustCompile(`\b\d{4}-\d\d-\d\d\b|\b\d{4}/\d\d/\d\d\b`), "<date>"},
	{clock, regexp.MustCompile(`(^|[^\w:.])\d\d:\d\d:\d\d(?:\.\d+)?\b`), "${1}<time>"},

	// Seconds since 1970 in JSON logs.
	{
		with(`"ts"`, `"time"`, `"timestamp"`),
		regexp.MustCompile(`("(?:ts|time|timestamp)": ?)\d{9,}(?:\.\d+)?\b`),
		"${1}<time>",
	},

	// Durations as Go prints them.
	{
		hasDuration,
		regexp.MustCompile(`(^|[^\w.:/-])-?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|µs|μs|us|ms|s)\b`),
		"${1}<duration>",
	},

	// Durations without a unit.
	{
		with("elapsed", "duration", "latency", "took"),
		regexp.MustCompile(`\b((?:elapsed|duration|latency|took)(?:_[a-z]+)?"?[=:] ?)\d+(?:\.\d+)?\b`),
		"${1}<duration>",
	},

	// Process IDs: by their name, as nginx writes process and thread, and as
	// HAProxy writes them before a message.
	{with("#"), regexp.MustCompile(`\b\d+#\d+(: )`), "<pid>${1}"},
	{with("(", "["), regexp.MustCompile(`^(\[\w+\] *)\(\d+\)( : )`), "${1}(<pid>)${2}"},
	{with("pid", "PID", "Pid"), regexp.MustCompile(`(?i)\b(pid[ =:]{1,2})\d+\b`), "${1}<pid>"},
	{with("tid "), regexp.MustCompile(`\b(tid )\d+\b`), "${1}<tid>"}, // of Apache's threads
	{with("goroutine "), regexp.MustCompile(`\b(goroutine )\d+\b`), "${1}<n>"},
	{with("0x"), regexp.MustCompile(`\b0x[0-9a-f]{6,}\b`), "<pointer>"},

	// Temporary directories without a role.
	{
		with("/tmp/", "/shm/", "/T/"),
		regexp.MustCompile(`(^|[^\w.>-])(?:/private)?/(?:tmp|var/tmp|dev/shm|var/folders/\w+/\w+/T)` +
			`/[^/\s"'\\:;,)\]<>]+`),
		"${1}<dir>",
	},

	// A connection breaks while it is made, written to or read from, depending
	// on timing.
	{
		with("tcp "),
		regexp.MustCompile(`\b(?:dial|read|write) tcp \S+: (?:\w+: )?` +
			`(?:connection reset by peer|broken pipe)`),
		"<connection lost>",
	},

	// The random part of names of certificates, in those of the CA and of the
	// suite's own PKI.
	{
		with("CN=", "<hostname> "),
		regexp.MustCompile(`(CN=[^,"()]*? |<hostname> )[0-9a-f]{6,8}\b`),
		"${1}<random>",
	},
	{
		with("Pebble "),
		regexp.MustCompile(`\b(Pebble (?:Root|Intermediate) CA )[0-9a-f]{6}\b`),
		"${1}<random>",
	},

	// Temporary files, as os.CreateTemp names them.
	{with("/"), regexp.MustCompile(`(/[^/\s"':]*[A-Za-z])\d{5,10}\b`), "${1}<n>"},

	{
		manyHyphens,
		regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`),
		"<uuid>",
	},

	// Serial numbers and digests. A hexadecimal one may consist of digits only,
	// so decimal and hexadecimal ones have the same mask.
	{manyColons, regexp.MustCompile(`\b(?:[0-9A-Fa-f]{2}:){7,}[0-9A-Fa-f]{2}\b`), "<serial>"},
	{longWord(16), regexp.MustCompile(`\b[0-9a-f]{16,}\b|\b[0-9A-F]{16,}\b`), "<serial>"},
}

// manyHyphens reports whether a text may hold a UUID (RFC 9562 §4).
func manyHyphens(s string) bool { return strings.Count(s, "-") >= 4 }

// manyColons reports whether a text may hold a serial number with colons.
func manyColons(s string) bool { return strings.Count(s, ":") >= 7 }

// clock reports whether a text may hold a time of day: it has digits on both sides
// of a colon.
func clock(s string) bool {
	for i := 1; i+1 < len(s); i++ {
		if s[i] == ':' && isDigit(s[i-1]) && isDigit(s[i+1]) {
			return true
		}
	}
	return false
}

// hasDuration reports whether a text may hold a duration: it has a digit before a
// unit.
func hasDuration(s string) bool {
	for i := 1; i < len(s); i++ {
		if isDigit(s[i-1]) && (strings.IndexByte("nmsu", s[i]) >= 0 || s[i] >= 0x80) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// longWord returns a test for n characters of base64url in a row.
func longWord(n int) func(string) bool {
	return func(s string) bool {
		run := 0
		for i := range len(s) {
			if run++; !isBase64URL(s[i]) {
				run = 0
			}
			if run == n {
				return true
			}
		}
		return false
	}
}

func isBase64URL(c byte) bool {
	return c == '_' || c == '-' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

const (
	idPath = `[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*`
	days   = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*`
	months = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
)

var (
	mayHoldRandom = longWord(40)
	// randomWord matches a word that may be 256 random bits in base64url, the
	// size of Pebble's identifiers and of SHA-256 digests.
	randomWord = regexp.MustCompile(`[A-Za-z0-9_-]{40,}`)
	// colonPort matches the end of an address with a port.
	colonPort = regexp.MustCompile(`:(\d{1,5})\b`)
	// portWord matches a port after the word "port".
	portWord = regexp.MustCompile(`(?i)(?:\b|_)(ports?"?[ =:]{1,2}"?)(\d{1,5})\b`)
	// address matches the IPv4 and IPv6 addresses that specs use.
	address = regexp.MustCompile(`\b127(?:\.\d{1,3}){3}\b|\bf[cd][0-9a-f]{2}:[0-9a-f:]*[0-9a-f:]`)
)

// Text returns a text with every form of random text and every role masked.
func (m *Mask) Text(s string) string {
	s = m.own(s)
	for _, r := range rules {
		s = r.apply(s)
	}
	if mayHoldRandom(s) {
		s = randomWord.ReplaceAllStringFunc(s, func(w string) string {
			if isRandom(w) {
				return "<token>"
			}
			return w
		})
	}
	s = m.hostPorts(s)
	return address.ReplaceAllStringFunc(s, func(a string) string {
		if ip, err := netip.ParseAddr(a); err != nil || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
			return a
		}
		return "<address>"
	})
}

// own masks the names of roles where they are whole words. A name within a longer
// one stays.
func (m *Mask) own(s string) string {
	var out strings.Builder
	last := 0
	for _, at := range m.names.FindAllStringIndex(s, -1) {
		name := s[at[0]:at[1]]
		mask, ok := m.roles[name]
		if !ok || inWord(s, at[0], at[1]) {
			continue
		}
		out.WriteString(s[last:at[0]] + mask)
		last = at[1]
	}
	return out.String() + s[last:]
}

// inWord reports whether s[from:to] is part of a longer word. A dot belongs to the
// word if it has a word on both sides.
func inWord(s string, from, to int) bool {
	before, after := s[:from], s[to:]
	word := isBase64URL // letters, digits, hyphen and underscore
	if n := len(before); n > 0 && word(s[from]) {
		if word(before[n-1]) || before[n-1] == '.' && n > 1 && word(before[n-2]) {
			return true
		}
	}
	if n := len(after); n > 0 {
		return word(after[0]) || after[0] == '.' && n > 1 && word(after[1])
	}
	return false
}

// hostPorts masks ports after an address, a name, a mask or a colon alone, and
// after the word "port".
func (m *Mask) hostPorts(s string) string {
	s = m.replacePorts(s, colonPort)
	if with("port", "Port", "PORT")(s) {
		s = m.replacePorts(s, portWord)
	}
	return s
}

// replacePorts masks the port in the last group of each match.
func (m *Mask) replacePorts(s string, re *regexp.Regexp) string {
	var out strings.Builder
	last := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		from, to := at[len(at)-2], at[len(at)-1]
		mask, ok := m.ports[s[from:to]]
		if !ok && isEphemeral(s[from:to]) {
			mask, ok = "<port>", true
		}
		if ok && (re != colonPort || followsHost(s[:at[0]])) {
			out.WriteString(s[last:from] + mask)
			last = to
		}
	}
	return out.String() + s[last:]
}

// followsHost reports whether a port can follow s, which it can after an address,
// a name, a mask, a space or a bracket, and cannot after a number or a colon.
func followsHost(s string) bool {
	word := strings.TrimRightFunc(s, func(r rune) bool {
		return r == '.' || r < 0x80 && isBase64URL(byte(r))
	})
	if tail := s[len(word):]; tail != "" {
		return strings.ContainsFunc(tail, func(r rune) bool { return r < '0' || r > '9' })
	}
	return s == "" || strings.IndexByte(" \t\n\"'(=,*[]>", s[len(s)-1]) >= 0
}

// isEphemeral reports whether a port without a role may differ from run to run. A
// well-known port does not.
func isEphemeral(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1024 && n <= 65535
}

// isRandom reports whether a long word is random base64url: every random value of
// this length has several letters of either case.
func isRandom(w string) bool {
	var upper, lower int
	for _, c := range w {
		switch {
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		}
	}
	return upper >= 4 && lower >= 4
}
