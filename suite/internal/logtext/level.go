package logtext

import (
	"regexp"
	"strconv"
	"strings"
)

// Level is how serious a line says it is.
type Level int

// The levels of a line. A line without a level is Unknown.
const (
	Unknown Level = iota
	Debug
	Info
	Warning
	Error // and everything above
)

// String returns the level's name.
func (l Level) String() string {
	return [...]string{"unknown", "debug", "info", "warning", "error"}[l]
}

// LevelOf returns the level of a line: that of its field, the word for a level at
// the beginning of its text, or the priority that the system's logger gave it. A
// line whose text only mentions an error has none.
func LevelOf(line string) Level {
	r := read(line)
	given := Unknown
	for _, f := range r.fields {
		name := plainName(f.name)
		level := ofField(name, f.value)
		if level != Unknown && name != "priority" && name != "syslogseverity" {
			return level
		}
		given = max(given, level)
	}
	for i, text := range r.messages() {
		if i > 0 && text == r.plain {
			continue
		}
		rest, level := prefixes(text)
		given = max(given, level)
		if strings.HasPrefix(rest, "{") {
			continue
		}
		if level := ofText(rest); level != Unknown {
			return level
		}
	}
	return given
}

// messages returns the texts of a line that may begin with a level: the line
// itself, and what its fields say.
func (r *record) messages() []string {
	all := []string{r.plain}
	for _, f := range r.fields {
		switch plainName(f.name) {
		case "msg", "message", "log", "m", "text", "short", "event", "shortmessage", "body":
			all = append(all, f.value)
		}
	}
	return all
}

// ofField returns the level that a field gives, if it is the field of a level.
func ofField(name, value string) Level {
	switch name {
	case "level", "lvl", "severity", "loglevel", "levelname", "severitytext", "l", "s", "sev",
		"priority", "prio",
		"levelvalue", "severitynumber", "syslogseverity", "logseverity", "loglevelname", "type":
	default:
		return Unknown
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		if (name == "s" || name == "l") && len(value) > 1 && value != strings.ToUpper(value) {
			return Unknown
		}
		return ofWord(value)
	}
	switch {
	case name == "type", name == "l", name == "s":
		return Unknown
	case name == "severitynumber": // OpenTelemetry: 9 INFO, 13 WARN, 17 ERROR
		return scale(number, 9, 13, 17)
	case number >= 10000: // logback: 20000 INFO, 30000 WARN, 40000 ERROR
		return scale(number, 20000, 30000, 40000)
	case number >= 10: // bunyan, pino and Python: 30 or 20, 40 or 30, 50 or 40
		if name == "levelno" {
			return scale(number, 20, 30, 40)
		}
		return scale(number, 30, 40, 50)
	case number >= 0: // syslog and journald (RFC 5424 §6.2.1)
		return ofSyslog(int(number))
	}
	return Debug
}

func scale(n, info, warning, failure float64) Level {
	switch {
	case n >= failure:
		return Error
	case n >= warning:
		return Warning
	case n >= info:
		return Info
	}
	return Debug
}

func ofSyslog(severity int) Level {
	switch {
	case severity <= 3:
		return Error
	case severity == 4:
		return Warning
	case severity <= 6:
		return Info
	}
	return Debug
}

// ofWord returns the level that a word names.
func ofWord(word string) Level {
	word = strings.ToLower(word)
	if name, offset, found := strings.Cut(word, "+"); found && len(offset) < 3 {
		word = name // slog: WARN+1
	}
	switch word {
	case "trace", "trc", "debug", "dbg", "dbug", "debu", "verbose", "vrb", "fine", "finer", "finest",
		"d", "t":
		return Debug
	case "info", "inf", "information", "informational", "notice", "note", "log", "i", "n", "config",
		"hint", "success":
		return Info
	case "warn", "warning", "wrn", "warnin", "w", "caution", "attention":
		return Warning
	case "error", "err", "eror", "erro", "fatal", "ftl", "fata", "panic", "pnc", "pani", "critical",
		"crit", "crt",
		"alert", "emerg", "emergency", "severe", "fail", "failure", "e", "f", "c", "dpanic", "a":
		return Error
	}
	return Unknown
}

var (
	// A klog line: I1126 03:12:05.123456   1 file.go:12] text
	klog = regexp.MustCompile(`^([IWEFD])\d{4} \d\d:\d\d:\d\d[^\]]{0,200}\] ?`)
	// The priority of syslog and journald, with the version of RFC 5424.
	priority = regexp.MustCompile(`^<(\d{1,3})>(1 )?`)
	// A moment in any of the usual forms.
	moment = regexp.MustCompile(`^[\[(]?(?:` +
		`\d{4}[-/]\d\d[-/]\d\d[T ]?(?:\d\d:\d\d(?::\d\d)?(?:[.,:]\d+)?)?` +
		`(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?` +
		`|\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?` +
		`|(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?` +
		`|(?:[A-Z][a-z]{2}, )?\d{1,2}[- ][A-Z][a-z]{2}[- ]\d{4} \d\d:\d\d:\d\d(?:\.\d+)?` +
		`(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?` +
		`|\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)? ?(?:AM|PM)?` +
		`|\d{9,19}(?:\.\d+)?` +
		`)[\])]?[ \t,]*`)
	// The host, name and process of syslog: "host name[123]: ", "name[123]: ".
	program = regexp.MustCompile(`^(?:[\w.-]{1,255} )?[\w./@-]{1,128}(?:\[\d+\])?: `)
	// The host, name, process and message ID of RFC 5424.
	program5424 = regexp.MustCompile(`^[\w.:-]{1,255} [\w./-]{1,48} ` +
		`(?:\d+|-) \S{1,32} (?:-|\[[^\]]{0,400}\]) ?`)
	// A stream's name as containers' runtimes write it: "stdout F ".
	stream = regexp.MustCompile(`^(?:stdout|stderr) [FP] `)
	// The word for a level, alone or in brackets, at the beginning of a text:
	// "WARN ", "[warn] ", "WARNING:", "W, [", "WARN[0012]", "[ssl:warn]".
	leading = regexp.MustCompile(`^(?:[\[(<|*#!=-]{0,3} ?)(?:[a-z_0-9]{1,24}:)?` +
		`([A-Za-z]{1,13}(?:\+\d)?)(?:[\])>|:*!,]| ?-|$|\[\d|\t|\s)`)
	// A level in capitals near the beginning of a text: "… - WARNING - …".
	capital = regexp.MustCompile(`(?:^|[\s\[|:(-])` +
		`(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|SEVERE|ALERT|PANIC)` +
		`(?:[\s\]|:),-]|$)`)
	// A word for a level before a colon: "config.yaml:2: warning: …".
	colon = regexp.MustCompile(`(?i)(?:^|[^a-z_])(warning|warn|error|fatal|panic|caution): `)
	// A level in brackets: "[warn]", "[ssl:warn]", "<warning>".
	bracketed = regexp.MustCompile(`[\[<](?:[a-z_0-9]{1,24}:)?([A-Za-z]{3,13})[\]>]`)
)

// prefixes takes moments, priorities and names from the beginning of a line, and
// returns the level among them.
func prefixes(line string) (rest string, level Level) {
	rest = line
	rfc5424 := false
	for range 6 {
		rest = strings.TrimLeft(rest, " \t")
		if m := priority.FindStringSubmatch(rest); m != nil {
			number, _ := strconv.Atoi(m[1])
			level = ofSyslog(number % 8)
			rest, rfc5424 = rest[len(m[0]):], m[2] != ""
			continue
		}
		if klog.MatchString(rest) {
			return rest, level
		}
		if m := stream.FindString(rest); m != "" {
			rest = rest[len(m):]
			continue
		}
		m := moment.FindString(rest)
		if m == "" {
			return rest, level
		}
		rest = rest[len(m):]
		if m := program5424.FindString(rest); rfc5424 && m != "" {
			rest = rest[len(m):]
		} else if m := program.FindString(rest); m != "" && ofText(m) == Unknown {
			rest = rest[len(m):]
		}
	}
	return rest, level
}

// ofText returns the level with which a text begins, or that stands in capitals
// or in brackets near its beginning.
func ofText(text string) Level {
	if m := klog.FindStringSubmatch(text); m != nil {
		return ofWord(m[1])
	}
	if m := leading.FindStringSubmatch(text); m != nil && len(m[1]) > 1 {
		if level := ofWord(m[1]); level != Unknown && (level != Info || m[1] != "log" && m[1] != "note") {
			return level
		}
	}
	if m := leading.FindStringSubmatch(text); m != nil && len(m[1]) == 1 &&
		m[1] == strings.ToUpper(m[1]) &&
		strings.HasPrefix(strings.TrimLeft(text, "[(")[1:], ",") || strings.HasPrefix(text, "[W ") ||
		strings.HasPrefix(text, "[E ") || strings.HasPrefix(text, "[I ") {
		return ofWord(strings.TrimLeft(text, "[(")[:1])
	}
	near := text[:min(len(text), 120)]
	if m := bracketed.FindStringSubmatch(near); m != nil {
		if level := ofWord(m[1]); level != Unknown {
			return level
		}
	}
	if m := capital.FindStringSubmatch(near); m != nil {
		return ofWord(m[1])
	}
	if m := colon.FindStringSubmatch(text[:min(len(text), 400)]); m != nil {
		return ofWord(m[1])
	}
	return Unknown
}
