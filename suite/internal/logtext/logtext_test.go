package logtext

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Every format in which servers write one message: its level is found, and its
// address, and its text.
func TestFormats(t *testing.T) {
	t.Parallel()
	const text = `host "a.test" refused`
	for name, c := range map[string]struct {
		line  string
		level Level
	}{
		"Go log": {`2026/11/26 03:12:05 host "a.test" refused from 192.0.2.7:4711`, Unknown},
		"Go log, warning": {
			`2026/11/26 03:12:05 warning: host "a.test" refused from 192.0.2.7:4711`, Warning,
		},
		"file and line": {
			`2026/11/26 03:12:05 config.yaml:2: warning: host "a.test" refused from 192.0.2.7:4711`, Warning,
		},
		"slog default": {`2026/11/26 03:12:05 WARN host "a.test" refused remote=192.0.2.7:4711`, Warning},
		"slog text": {
			`time=2026-11-26T03:12:05.000Z level=WARN msg="host \"a.test\" refused" remote_ip=192.0.2.7 ` +
				`remote_port=4711`, Warning,
		},
		"slog text, between": {
			`time=2026-11-26T03:12:05.000Z level=WARN+1 msg="host \"a.test\" refused" ` +
				`remote=192.0.2.7:4711`, Warning,
		},
		"slog JSON": {
			`{"time":"2026-11-26T03:12:05Z","level":"WARN","msg":"host \"a.test\" refused",` +
				`"remote":{"ip":"192.0.2.7","port":4711}}`, Warning,
		},
		"klog": {
			`W1126 03:12:05.123456       1 server.go:12] host "a.test" refused from 192.0.2.7:4711`, Warning,
		},
		"klog info": {
			`I1126 03:12:05.123456       1 error.go:12] host "a.test" refused from 192.0.2.7:4711`, Info,
		},
		"klog structured": {
			`E1126 03:12:05.123456       1 server.go:12] "host \"a.test\" refused" clientIP="192.0.2.7" ` +
				`clientPort=4711`, Error,
		},
		"glog": {
			`E20261126 03:12:05.123456  4242 server.cc:12] host "a.test" refused from 192.0.2.7:4711`,
			Unknown,
		},
		"syslog": {
			`Nov 26 03:12:05 web-1 server[77]: host "a.test" refused from 192.0.2.7:4711`, Unknown,
		},
		"syslog, klog inside": {
			`Nov 26 03:12:05 web-1 server[77]: W1126 03:12:05.123456       1 a.go:1] host "a.test" ` +
				`refused from 192.0.2.7:4711`, Warning,
		},
		"priority": {`<4>host "a.test" refused from 192.0.2.7:4711`, Warning},
		"priority of a level": {
			`<6>level=warning msg="host \"a.test\" refused" src=192.0.2.7 spt=4711`, Warning,
		},
		"RFC 5424": {
			`<132>1 2026-11-26T03:12:05.003Z web-1 server 77 ID47 [x@1 ip="192.0.2.7" port="4711"] ` +
				`host "a.test" refused`, Warning,
		},
		"RFC 3164": {
			`<11>Nov 26 03:12:05 web-1 server[77]: host "a.test" refused from 192.0.2.7:4711`, Error,
		},
		"journald JSON": {
			`{"PRIORITY":"4","MESSAGE":"host \"a.test\" refused","CLIENT_ADDR":"192.0.2.7",` +
				`"CLIENT_PORT":"4711"}`, Warning,
		},
		"zap console": {
			"2026-11-26T03:12:05.000Z\twarn\tserver/tls.go:12\thost \"a.test\" refused\t{\"remote_ip\": " +
				"\"192.0.2.7\", \"remote_port\": \"4711\"}", Warning,
		},
		"zap JSON": {
			`{"level":"warn","ts":1795662725.1,"caller":"server/tls.go:12",` +
				`"msg":"host \"a.test\" refused","remote_ip":"192.0.2.7","remote_port":"4711"}`, Warning,
		},
		"zap for Google": {
			`{"severity":"WARNING","message":"host \"a.test\" refused",` +
				`"httpRequest":{"remoteIp":"192.0.2.7"},"remotePort":4711}`, Warning,
		},
		"logrus text": {
			`time="2026-11-26T03:12:05Z" level=warning msg="host \"a.test\" refused" peer=192.0.2.7 ` +
				`peer_port=4711`, Warning,
		},
		"logrus on a terminal": {
			"\x1b[33mWARN\x1b[0m[0012] host \"a.test\" refused \x1b[33mip\x1b[0m=192.0.2.7 " +
				"\x1b[33mport\x1b[0m=4711", Warning,
		},
		"zerolog console": {
			"\x1b[90m3:12AM\x1b[0m \x1b[31mWRN\x1b[0m host \"a.test\" refused " +
				"\x1b[36mremote_addr=\x1b[0m192.0.2.7:4711", Warning,
		},
		"zerolog JSON": {
			`{"level":"warn","remote":"192.0.2.7:4711","message":"host \"a.test\" refused"}`, Warning,
		},
		"hclog": {
			`2026-11-26T03:12:05.000Z [WARN]  server: host "a.test" refused: ip=192.0.2.7 port=4711`,
			Warning,
		},
		"hclog JSON": {
			`{"@level":"warn","@message":"host \"a.test\" refused","ip":"192.0.2.7","port":4711}`, Warning,
		},
		"pino": {
			`{"level":40,"time":1795662725000,"pid":7,"remoteAddress":"::ffff:192.0.2.7",` +
				`"remotePort":4711,"msg":"host \"a.test\" refused"}`, Warning,
		},
		"bunyan": {
			`{"name":"x","level":50,"remoteAddress":"192.0.2.7","remotePort":4711,` +
				`"msg":"host \"a.test\" refused","v":0}`, Error,
		},
		"GELF": {
			`{"version":"1.1","short_message":"host \"a.test\" refused","level":4,"_src_ip":"192.0.2.7",` +
				`"_src_port":4711}`, Warning,
		},
		"ECS": {
			`{"@timestamp":"2026-11-26T03:12:05Z","log.level":"WARN",` +
				`"message":"host \"a.test\" refused","client.ip":"192.0.2.7","client.port":4711}`, Warning,
		},
		"OpenTelemetry": {
			`{"severityNumber":13,"body":"host \"a.test\" refused","client.address":"192.0.2.7",` +
				`"client.port":4711}`, Warning,
		},
		"log4j": {
			`2026-11-26 03:12:05,123 WARN  [main] c.e.Tls - host "a.test" refused /192.0.2.7:4711`, Warning,
		},
		"logback": {`03:12:05.123 [main] WARN  c.e.Tls - host "a.test" refused /192.0.2.7:4711`, Warning},
		"logback JSON": {
			`{"@timestamp":"2026-11-26T03:12:05Z","level_value":30000,` +
				`"message":"host \"a.test\" refused","ip":"192.0.2.7","port":4711}`, Warning,
		},
		"python basic": {`WARNING:root:host "a.test" refused from ('192.0.2.7', 4711)`, Warning},
		"python": {
			`2026-11-26 03:12:05,123 - server - WARNING - host "a.test" refused from ('192.0.2.7', 4711)`,
			Warning,
		},
		"python, a record": {
			`{'levelname': 'WARNING', 'msg': 'host "a.test" refused', 'client_ip': '192.0.2.7', ` +
				`'client_port': 4711}`, Warning,
		},
		"tornado": {`[W 261126 03:12:05 web:12] host "a.test" refused from 192.0.2.7 port 4711`, Warning},
		"gunicorn": {
			`[2026-11-26 03:12:05 +0000] [77] [WARNING] host "a.test" refused from 192.0.2.7:4711`, Warning,
		},
		"ruby": {
			`W, [2026-11-26T03:12:05.123456 #77]  WARN -- : host "a.test" refused {:ip=>"192.0.2.7", ` +
				`:port=>4711}`, Warning,
		},
		"env_logger": {
			`[2026-11-26T03:12:05Z WARN  server::tls] host "a.test" refused from 192.0.2.7:4711`, Warning,
		},
		"tracing": {
			"\x1b[2m2026-11-26T03:12:05.123456Z\x1b[0m \x1b[33m WARN\x1b[0m \x1b[2mserver::tls\x1b[0m: " +
				"host \"a.test\" refused \x1b[3mpeer\x1b[0m=192.0.2.7:4711", Warning,
		},
		"nginx": {
			`2026/11/26 03:12:05 [warn] 7#7: *1 host "a.test" refused, client: 192.0.2.7, port: 4711`,
			Warning,
		},
		"apache": {
			`[Thu Nov 26 03:12:05.123456 2026] [ssl:warn] [pid 7:tid 8] [client 192.0.2.7:4711] ` +
				`host "a.test" refused`, Warning,
		},
		"haproxy": {`[WARNING]  (77) : host "a.test" refused from 192.0.2.7:4711`, Warning},
		"postgres": {
			`2026-11-26 03:12:05.123 UTC [77] WARNING:  host "a.test" refused from 192.0.2.7(4711)`, Warning,
		},
		"sshd": {
			`Nov 26 03:12:05 web-1 sshd[77]: error: host "a.test" refused from 192.0.2.7 port 4711`, Error,
		},
		"Docker": {
			`{"log":"2026/11/26 03:12:05 warning: host \"a.test\" refused from 192.0.2.7:4711\n",` +
				`"stream":"stderr","time":"2026-11-26T03:12:05Z"}`, Warning,
		},
		"CRI": {
			`2026-11-26T03:12:05.123456789Z stderr F W1126 03:12:05.123456 1 a.go:1] host "a.test" ` +
				`refused from 192.0.2.7:4711`, Warning,
		},
		"JSON around logfmt": {
			`{"log":"time=2026-11-26T03:12:05Z level=warn msg=\"host \\\"a.test\\\" refused\" ` +
				`remote_ip=192.0.2.7 remote_port=4711"}`, Warning,
		},
		"three deep": {
			`level=info msg="{\"level\":\"info\",\"inner\":\"{\\\"msg\\\":\\\"host ` +
				`\\\\\\\"a.test\\\\\\\" refused\\\",\\\"ip\\\":\\\"192.0.2.7\\\",\\\"port\\\":4711}\"}"`, Info,
		},
		"Go struct": {`host "a.test" refused {RemoteIP:192.0.2.7 RemotePort:4711}`, Unknown},
		"Caddy": {
			`{"level":"error","ts":1795662725.1,"logger":"http","msg":"host \"a.test\" refused",` +
				`"request":{"remote_ip":"192.0.2.7","remote_port":"4711","proto":"HTTP/2.0"}}`, Error,
		},
		".NET": {
			`{"Timestamp":"2026-11-26T03:12:05Z","LogLevel":"Warning",` +
				`"Message":"host \u0022a.test\u0022 refused","State":{"Ip":"192.0.2.7","Port":4711}}`, Warning,
		},
		"MongoDB": {
			`{"t":{"$date":"2026-11-26T03:12:05Z"},"s":"W","c":"NETWORK",` +
				`"msg":"host \"a.test\" refused","attr":{"remote":"192.0.2.7:4711"}}`, Warning,
		},
		"Erlang": {
			`2026-11-26T03:12:05.123+00:00 warning: host "a.test" refused, peer: {192.0.2.7,4711}`, Warning,
		},
		"no level, says error": {
			`2026/11/26 03:12:05 http: TLS handshake error from 192.0.2.7:4711: host "a.test" refused`,
			Unknown,
		},
		"Debian's words at end": {`host "a.test" refused (client 192.0.2.7#4711)`, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := Words(c.line)
			for _, wanted := range []string{text, "192.0.2.7:4711"} {
				if !strings.Contains(words, wanted) {
					t.Errorf("found %q, expected %q in it", words, wanted)
				}
			}
			if name == "glog" {
				return
			}
			if got := LevelOf(c.line); got != c.level {
				t.Errorf("level %s, expected %s", got, c.level)
			}
		})
	}
}

func TestLevelOfLinesThatOnlyMentionTrouble(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"listening on 127.0.0.1:443", "0 errors found", "the error page is /srv/error.html",
		"terrors and swarms", `loaded error.pem`, `GET /warning HTTP/1.1`,
		"certificate loaded without warnings",
	} {
		if got := LevelOf(line); got != Unknown {
			t.Errorf("%s: level %s, expected none", line, got)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		`remote_ip=192.0.2.7 remote_port=4711 local_ip=192.0.2.1 local_port=443`: {
			"192.0.2.7:4711", "192.0.2.1:443",
		},
		`{"ip":"2001:db8::7","port":4711}`:             {"[2001:db8::7]:4711"},
		`from 2001:db8::7 port 4711`:                   {"[2001:db8::7]:4711"},
		`from [::ffff:192.0.2.7]:4711`:                 {"192.0.2.7:4711"},
		`192.0.2.7:4711 gone`:                          nil,
		`192.0.2.7 took 4711 ms`:                       nil,
		`version=1.2.3.4.5 port=7`:                     nil,
		`{"addr":"192.0.2.7","count":4711}`:            nil,
		`src=192.0.2.7 spt=4711 dst=192.0.2.1 dpt=443`: {"192.0.2.7:4711", "192.0.2.1:443"},
	} {
		if got := Addresses(line); !slices.Equal(got, want) {
			t.Errorf("%s: found %q, expected %q", line, got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"\x1b[1;31mred\x1b[0m":                     "red",
		"\x1b]0;title\aname":                       "name",
		"\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\": "link",
		"\x1b(Bplain":                              "plain",
		"cut \x1b[31":                              "cut [31",
		"\x1b":                                     "",
		"a\x1bMb":                                  "ab",
	} {
		if got := Plain(line); got != want {
			t.Errorf("%q: found %q, expected %q", line, got, want)
		}
	}
}

func TestUnquote(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"file":"schl\u00fcssel\ud83d\ude00\/"}`: "schlüssel😀/",
		`"\x41\a"`:        "A\a",
		`'it\'s'`:         "it's",
		`he said "a \" b`: "",
		`C:\new`:          "",
	} {
		words := Words(line)
		if _, rest, _ := strings.Cut(words, "\n"); rest != want {
			t.Errorf("%s: found %q, expected %q", line, rest, want)
		}
	}
}

// hostile returns lines that are made to take long.
func hostile(n int) map[string]string {
	return map[string]string{
		"braces":         strings.Repeat("{", n),
		"quotes":         strings.Repeat(`"`, n),
		"open quotes":    strings.Repeat(`a "b\`, n/5),
		"apostrophes":    strings.Repeat(" 'a", n/3),
		"backslashes":    `"` + strings.Repeat(`\`, n),
		"escapes":        strings.Repeat("\x1b[", n/2),
		"titles":         strings.Repeat("\x1b]", n/2),
		"pairs":          strings.Repeat(`a="b\"c" `, n/9),
		"nested":         `"` + strings.Repeat(`\"a`, n/3) + `"`,
		"addresses":      strings.Repeat("1.2.3.4 port 5 ", n/15),
		"fields":         strings.Repeat("ip=1.2.3.4 port=5 ", n/18),
		"colons":         strings.Repeat("a:", n/2),
		"one word":       strings.Repeat("a", n),
		"times":          strings.Repeat("12:00:00 ", n/9),
		"bytes":          strings.Repeat("\xff\x00\x80", n/3),
		"quoted openers": strings.Repeat(`='"`, n/3),
	}
}

// A line of a mebibyte takes no more than a moment, whatever is in it.
func TestTimeIsLinear(t *testing.T) {
	t.Parallel()
	for name, line := range hostile(1 << 20) {
		start := time.Now()
		Words(line)
		LevelOf(line)
		Shape(line, nil)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, line := range hostile(60) {
		f.Add(line)
	}
	f.Add(`{"log":"level=warn msg=\"a \\\"b\\\"\" ip=192.0.2.7 port=4711"}`)
	f.Add("\x1b[33mWARN\x1b[0m[0012] text")
	f.Add(`W1126 03:12:05.123456 1 a.go:1] text`)
	f.Add(`<132>1 2026-11-26T03:12:05.003Z web-1 server 77 ID47 [x@1 ip="192.0.2.7"] text`)
	f.Fuzz(func(t *testing.T, line string) {
		words := Words(line)
		if len(words) > (deepest+1)*4*len(line)+mostAddresses*64 {
			t.Errorf("%d bytes became %d", len(line), len(words))
		}
		if !strings.HasPrefix(words, Plain(line)) {
			t.Errorf("%q does not begin with the line", words)
		}
		LevelOf(line)
		if shape := Shape(line, nil); len(shape) > 2*len(line)+8 {
			t.Errorf("%d bytes have a shape of %d", len(line), len(shape))
		}
	})
}

func TestUUIDsHaveOneShape(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{
			"id=01a21793-4604-721d-87a8-8bc9ae6fc6a3 up",
			"id=deadbeef-cafe-7abc-beef-feedfacecafe up", true,
		},
		{
			"id=01a21793-4604-721d-87a8-8bc9ae6fc6a3 up",
			"id=01a21793-4604-721d-87a8-8bc9ae6fc6a3 down", false,
		},
		{"deadbeef-cafe", "feedface-beef", false},
	} {
		if same := Shape(tt.a, nil) == Shape(tt.b, nil); same != tt.same {
			t.Errorf("%q and %q: one shape is %t, expected %t", tt.a, tt.b, same, tt.same)
		}
	}
}

func TestDatesHaveOneShape(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"[Mon Feb 01 11:42:25.85 2027] [pid 24] up", "[Tue Nov 27 09:02:25.1 2026] [pid 3] up", true},
		{"Feb  1 11:42:25 web-1 up", "Dec 26 01:42:25 web-1 up", true},
		{"Mon, 01 Feb 2027 11:42:25 GMT up", "Fri, 27 Nov 2026 11:42:25 GMT up", true},
		{"[01/Feb/2027:11:42:25 +0000] up", "[27/Nov/2026:11:42:25 +0000] up", true},
		{"on Mon 7 clients", "on Tue 7 clients", false},
		{"Jan is up", "Jun is up", false},
		{"Marx 3", "Junx 3", false},
	} {
		if same := Shape(tt.a, nil) == Shape(tt.b, nil); same != tt.same {
			t.Errorf("%q and %q: one shape is %t, expected %t", tt.a, tt.b, same, tt.same)
		}
	}
}

func TestNamesBelowAHostBelongToIt(t *testing.T) {
	t.Parallel()
	names := &Names{Words: []string{"h.assay.test"}}
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"no stapling for [h.assay.test]", "no stapling for [*.h.assay.test h.assay.test]", true},
		{"no stapling for [h.assay.test]", "no stapling for [a.h.assay.test, H.assay.test]", true},
		{"names (h.assay.test)", "names (a.h.assay.test, b.h.assay.test, H.assay.test)", true},
		{"names [h.assay.test]", "names [a.h.assay.test, other.test]", false},
		{"it lists h.assay.test", "it does not list h.assay.test", false},
		{"see docs. h.assay.test", "see h.assay.test", false},
	} {
		if same := Shape(tt.a, names) == Shape(tt.b, names); same != tt.same {
			t.Errorf("%q and %q: one shape is %t, expected %t", tt.a, tt.b, same, tt.same)
		}
	}
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`http: TLS handshake error from 127.0.0.1:40954: Get "https://ca.example/dir": dial tcp: ` +
			`lookup ca.example on 127.0.0.53:53: no such host`: "lookup ca.example: no such host",
		`level=error msg="dial tcp 10.0.0.1:443: connect: connection refused"`: "dial tcp " +
			"10.0.0.1:443: connect: connection refused",
		`{"level":"warn","err":"x509: certificate signed by unknown authority"}`: "x509: certificate " +
			"signed by unknown authority",
		"level=info msg=\"lookup ca.example gave 3 addresses\"": "",
		"acme/autocert: missing certificate":                    "",
		"listening on 127.0.0.1:443":                            "",
	} {
		if got := NoConnection(line); got != want {
			t.Errorf("%s: found %q, expected %q", line, got, want)
		}
	}
}

// The time that a line takes grows with its length, not with the square of it: a
// server may write lines of any kind without end.
func TestReadingIsLinear(t *testing.T) {
	names := &Names{Words: []string{"host.example.test", "host"}, Dirs: []string{"/run/7/x", "/run/7"}}
	for name, part := range map[string]string{
		"addresses with ports":        "192.0.2.1 port 4711 ",
		"addresses and what they are": "192.0.2.1:4711 port 4711 ",
		"quoted, with escapes":        `"\n" `,
		"quoted, with addresses":      `"192.0.2.1 port 80\n" `,
		"quotation marks":             `"`,
		"apostrophes":                 `'a`,
		"backticks":                   "`",
		"backslashes":                 `\`,
		"escaped quotation marks":     `\"`,
		"open braces":                 `{"a":`,
		"fields":                      `a=1 `,
		"fields with addresses":       `ip=192.0.2.1 port=80 `,
		"colons":                      `:`,
		"names before colons":         `abcdefghi:`,
		"escape characters":           "\x1b",
		"open control sequences":      "\x1b[1;",
		"open titles":                 "\x1b]0;x",
		"directories":                 "/run/7/x",
		"host names":                  "www.host.example.test.",
		"labels":                      "a.",
		"dots":                        ".",
		"digits":                      "1",
		"brackets":                    "[ ,",
		"levels":                      "WARN ",
		"moments":                     "2026-11-26 12:00:00 ",
		"priorities":                  "<3>",
	} {
		text := strings.Repeat(part, 1+1<<20/len(part)) + " 192.0.2.1:80"
		for what, read := range map[string]func(){
			"Words":     func() { Words(text) },
			"Addresses": func() { Addresses(text) },
			"Level":     func() { LevelOf(text) },
			"Shape":     func() { Shape(text, names) },
			"Without":   func() { names.Without(text) },
		} {
			began := time.Now()
			read()
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s of %s: 1 MiB took %s, expected less than 5s", what, name, took)
			} else if took > time.Second/2 {
				t.Logf("%s of %s: %s", what, name, took)
			}
		}
	}
}

func TestContinues(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"\tat net.tls.Handshaker.serve(Handshaker.java:80)": true,
		"  File \"server.py\", line 3, in serve":            true,
		"Caused by: net.tls.AlertException":                 true,
		"Traceback (most recent call last):":                true,
		"ssl.SSLError: [SSL] unknown":                       true,
		"\x1b[31m\tat x\x1b[0m":                             true,
		"":                                                  false,
		" \t":                                               false,
		"2026/01/02 an error":                               false,
		"Errors were found":                                 false,
		"the certificate is Caused by: nobody":              false,
	} {
		if got := Continues(line); got != want {
			t.Errorf("%q: found %v, expected %v", line, got, want)
		}
	}
}
