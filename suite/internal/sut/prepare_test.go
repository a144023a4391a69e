package sut

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parsed returns the target of a file's text, with a command that exists.
func parsed(t *testing.T, text string) *Target {
	t.Helper()
	tt, err := parseTarget("t.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	tt.Command[0] = "/bin/x"
	return tt
}

func prepare(t *testing.T, tt *Target, in Input) *Launch {
	t.Helper()
	l, err := tt.Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheScenariosKeysAreMergedOverTheBase(t *testing.T) {
	t.Parallel()
	const base = `config:
  file: headscale.yaml
  base:
    noise: {private_key_path: "{{.Dir}}/noise.key"}
    prefixes: {v4: 100.64.0.0/10, allocation: sequential}
    listen_addr: 127.0.0.1:1
    disable_check_updates: true
    port: "{{port .Keys.listen_addr}}"
    list: ["{{.CABundle}}", 2]
`
	for name, row := range map[string]struct {
		keys map[string]any
		want string
	}{
		"nothing set": {nil, `disable_check_updates: true
list:
- /ca.pem
- 2
listen_addr: 127.0.0.1:1
noise:
  private_key_path: DIR/noise.key
port: ''
prefixes:
  allocation: sequential
  v4: 100.64.0.0/10
`},
		"set, added, removed, merged": {map[string]any{
			"listen_addr":   "0.0.0.0:8443",
			"tls_cert_path": "",
			"unknown":       []any{1, "1"},
			"list":          nil,
			"noise":         nil,
			"prefixes":      map[string]any{"v4": nil, "v6": "fd7a::/48"},
		}, `disable_check_updates: true
listen_addr: 0.0.0.0:8443
port: '8443'
prefixes:
  allocation: sequential
  v6: fd7a::/48
tls_cert_path: ''
unknown:
- 1
- '1'
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tt := parsed(t, smallest+base)
			for range 3 { // nothing of one start is left for the next
				l := prepare(t, tt, Input{Dir: dir, CABundle: "/ca.pem", Keys: row.keys})
				if l.ConfigFile != filepath.Join(dir, "headscale.yaml") {
					t.Errorf("config file %s", l.ConfigFile)
				}
				got := strings.ReplaceAll(content(t, l.ConfigFile), dir, "DIR")
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Errorf("config file (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestTemplatesOfOtherSyntaxes(t *testing.T) {
	t.Parallel()
	const nginx = smallest + `config:
  file: nginx.conf
  template: |
    pid {{.Dir}}/nginx.pid;
    server {
      listen {{host .Keys.listen_addr}}:{{port .Keys.listen_addr}}
        {{- if .Keys.tls_cert_path}} ssl{{end}};
      {{- with .Keys.tls_cert_path}}
      ssl_certificate {{.}};{{end}}
      {{- with .Keys.tls_key_path}}
      ssl_certificate_key {{.}};{{end}}
    }
`
	const jsonLike = smallest + `config:
  file: config.json
  template: |
    {"version": 1{{range $key, $value := .Keys}}, {{json $key}}: {{json $value}}{{end}}}
`
	for name, row := range map[string]struct {
		text string
		keys map[string]any
		want string
	}{
		"nginx with TLS": {
			nginx, map[string]any{
				"listen_addr": "127.0.0.1:8443", "tls_cert_path": "/c.pem", "tls_key_path": "/k.pem",
			},
			"pid DIR/nginx.pid;\nserver {\n  listen 127.0.0.1:8443 ssl;\n" +
				"  ssl_certificate /c.pem;\n  ssl_certificate_key /k.pem;\n}\n",
		},
		"nginx without TLS": {nginx, map[string]any{"listen_addr": "[::1]:8080", "tls_cert_path": nil},
			"pid DIR/nginx.pid;\nserver {\n  listen ::1:8080;\n}\n"},
		"JSON": {jsonLike, map[string]any{"listen_addr": `a"b`, "x": 1, "gone": nil},
			`{"version": 1, "listen_addr": "a\"b", "x": 1}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			l := prepare(t, parsed(t, row.text), Input{Dir: dir, Keys: row.keys})
			got := content(t, l.ConfigFile)
			if diff := cmp.Diff(row.want, strings.ReplaceAll(got, dir, "DIR")); diff != "" {
				t.Errorf("config file (-want +got):\n%s", diff)
			}
			if strings.HasSuffix(l.ConfigFile, ".json") && !json.Valid([]byte(got)) {
				t.Errorf("not JSON: %s", got)
			}
		})
	}
}

func TestUnreadableConfigurations(t *testing.T) {
	t.Parallel()
	const (
		base  = smallest + "config: {base: {a: b}}"
		plain = smallest + "config: {template: 'a = b'}"
		own   = smallest + "config: {template: '{{with .Raw}}raw {{.}}{{else}}a = b{{end}}'}"
	)
	for name, row := range map[string]struct {
		text, want string
		in         Input
	}{
		"base, not raw":      {base, "a: b\n", Input{}},
		"base, raw":          {base, ": [", Input{Raw: []byte(": [")}},
		"base, raw, empty":   {base, "", Input{Raw: []byte{}}},
		"template, not raw":  {plain, "a = b", Input{}},
		"template, raw":      {plain, ": [", Input{Raw: []byte(": [")}},
		"own raw, not asked": {own, "a = b", Input{}},
		"own raw":            {own, "raw : [", Input{Raw: []byte(": [")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.in.Dir = t.TempDir()
			l := prepare(t, parsed(t, row.text), row.in)
			if got := content(t, l.ConfigFile); got != row.want {
				t.Errorf("config file %q, want %q", got, row.want)
			}
		})
	}
}

func TestModesOfTheConfigFile(t *testing.T) {
	t.Parallel()
	tt := parsed(t, smallest+"config: {base: {a: b}, files: {sub/derp.yaml: 'dir {{.Dir}}'}}")
	in := Input{Dir: t.TempDir()}
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	l := prepare(t, tt, in)
	if got := mode(l.ConfigFile); got != 0o600 {
		t.Errorf("mode %v, want 0600", got)
	}
	other := filepath.Join(in.Dir, "sub", "derp.yaml")
	if got := mode(other); got != 0o600 || content(t, other) != "dir "+in.Dir {
		t.Errorf("file %q of mode %v", content(t, other), got)
	}
	in.Unreadable = true
	if got := mode(prepare(t, tt, in).ConfigFile); got != 0 {
		t.Errorf("mode %v, want none", got)
	}
	in.Unreadable = false
	if got := mode(prepare(t, tt, in).ConfigFile); got != 0o600 {
		t.Errorf("mode %v, want 0600 again", got)
	}
	in.NoConfig = true
	if _, err := os.Stat(prepare(t, tt, in).ConfigFile); !os.IsNotExist(err) {
		t.Errorf("got %v, want no config file", err)
	}
}

func TestCommandAndEnvironment(t *testing.T) {
	t.Setenv("ASSAY_TEST_SECRET", "not for targets")
	t.Setenv("PATH", "/somewhere")
	tt := parsed(t, `name: x
command: [x, --config, "{{.ConfigFile}}", "--listen={{.Keys.listen_addr}}", "{{.Env.EXTRA}}"]
env: {SSL_CERT_FILE: "{{.CABundle}}", TZ: Europe/Berlin, OVER: file}
profiles: [byo]
config: {base: {}}
`)
	dir := t.TempDir()
	work := filepath.Join(dir, "else", "where")
	in := Input{Dir: dir, CABundle: "/ca.pem", Keys: map[string]any{"listen_addr": ":1"},
		Env: []string{"EXTRA=a=b", "OVER=option"}, WorkingDir: work}
	l := prepare(t, tt, in)
	argv := []string{"/bin/x", "--config", dir + "/config.yaml", "--listen=:1", "a=b"}
	if !slices.Equal(l.Argv, argv) {
		t.Errorf("command %q, want %q", l.Argv, argv)
	}
	want := []string{
		"EXTRA=a=b", "HOME=" + dir, "LANG=C.UTF-8", "OVER=option", "PATH=/somewhere",
		"SSL_CERT_DIR=" + dir + "/.no-certificates",
		"SSL_CERT_FILE=/ca.pem", "TMPDIR=" + dir + "/.tmp", "TZ=Europe/Berlin",
	}
	if diff := cmp.Diff(want, l.Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if cmd := l.Command(); cmd.Dir != work || cmd.Path != "/bin/x" ||
		!slices.Equal(cmd.Args, l.Argv) || !slices.Equal(cmd.Env, l.Env) {
		t.Errorf("command %+v is not the launch", cmd)
	}
	if _, err := os.Stat(dir + "/.no-certificates"); !os.IsNotExist(err) {
		t.Errorf("SSL_CERT_DIR leads somewhere: %v", err)
	}
	if info, err := os.Stat(dir + "/.tmp"); err != nil || !info.IsDir() {
		t.Errorf("TMPDIR: %v", err)
	}

	beside := parsed(t, `name: x
command: [python3, "{{.TargetDir}}/x.py"]
profiles: [byo]
config: {base: {}}
`)
	beside.File = "/where/target.yaml"
	if l := prepare(t, beside, Input{Dir: dir}); l.Argv[1] != "/where/x.py" {
		t.Errorf("the script beside the target file is %q", l.Argv[1])
	}

	in.RelativeConfig = true
	l = prepare(t, tt, in)
	if l.Argv[2] != "../../config.yaml" || l.ConfigFile != dir+"/config.yaml" {
		t.Errorf("config file given as %q, written as %q", l.Argv[2], l.ConfigFile)
	}

	in.Env = nil
	if _, err := tt.Prepare(in); err == nil || !strings.Contains(err.Error(), `command[4]`) ||
		!strings.Contains(err.Error(), "EXTRA") {
		t.Errorf("without the variable that the command wants: %v", err)
	}
	if _, err := tt.Prepare(Input{Dir: "relative"}); err == nil ||
		!strings.Contains(err.Error(), "expected an absolute path") {
		t.Errorf("a relative directory: %v", err)
	}
}
