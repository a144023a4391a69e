package sut

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios/strictyaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestAllMistakesAtOnce compares every message in full, because users see these
// messages first.
func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	const golden = "testdata/mistakes.golden"
	knows := func(id string) bool { return id == "BYO-02" }
	_, err := Load("testdata/mistakes.yaml", knows)
	if err == nil {
		t.Fatal("no mistake was found")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, readErr := os.ReadFile(golden)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"),
		strings.Split(err.Error()+"\n", "\n")); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	if m := new(strictyaml.Mistake); !errors.As(err, m) || m.Line == 0 {
		t.Errorf("%v holds no strictyaml.Mistake with a line", err)
	}
}

// smallest is a target file without a mistake; rows add to it.
const smallest = "name: x\ncommand: [x]\nprofiles: [byo]\n"

func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want string }{
		"no mistake":    {smallest + "config: {base: {}}", ""},
		"empty file":    {"", "t.yaml:1: YAML: found "},
		"not a mapping": {"- a\n", "t.yaml:1: YAML: found a list, expected a mapping"},
		"two documents": {
			smallest + "config: {base: {}}\n---\na: b\n",
			"t.yaml:5: YAML: found a second document, expected one YAML document",
		},
		"not YAML": {"name: [x\ncommand: y\n", "expected one well-formed YAML document"},
		"unquoted template": {
			smallest + "config: {base: {}}\nhealth: {{.Dir}}\n",
			"t.yaml:5: health: found a template without quotes, expected text",
		},
		"unquoted template in a map": {smallest + "config:\n  base:\n    path: {{.Dir}}/x\n",
			"a value that begins with {{ has to be quoted"},
		"nothing of what is needed": {
			"health: /health\n",
			`t.yaml:1: command: found nothing, expected a list
t.yaml:1: config: found nothing, expected a mapping with file, base, template, files, names
t.yaml:1: name: found nothing, expected text
t.yaml:1: profiles: found nothing, expected a list`,
		},
		"duplicate key": {
			smallest + "name: y\nconfig: {base: {}}",
			"t.yaml:4: name: found the key a second time, expected each key once; it is also on line 1",
		},
		"neither base nor text": {
			smallest + "config: {file: x}",
			"t.yaml:4: config: found none of them, expected exactly one of base, template",
		},
		"both base and text": {
			smallest + "config: {base: {}, template: x}",
			"t.yaml:4: config: found base and template, expected exactly one of base, template",
		},
		"config file twice": {
			smallest + "config: {file: a, base: {}, files: {a: x}}",
			"t.yaml:4: config.files: found the config file a, expected other files",
		},
		"a public CA, and a place for another one": {
			smallest + "config: {base: {}}\nca_hosts: [ca.example]",
			"t.yaml:5: ca_hosts: found a configuration that names the CA, as one with base does, " +
				"expected a template without acme_url",
		},
		"a public CA": {
			smallest + "config: {template: \"{{json .Keys.listen_addr}}\"}\nca_hosts: [ca.example]", "",
		},
		"ready with nothing": {
			smallest + "config: {base: {}}\nready: {timeout: 1s}",
			"t.yaml:5: ready: found none of them, expected exactly one of tcp, log, http",
		},
		"ready by unknown key": {
			smallest + "config: {base: {}}\nready: {tcp: port}",
			`t.yaml:5: ready.tcp: found "port", expected one of listen_addr, tls_letsencrypt_listen`,
		},
		"ready by a key without an address": {
			smallest + "config: {base: {}}\nready: {tcp: acme_email}",
			`t.yaml:5: ready.tcp: found "acme_email", expected one of listen_addr, tls_letsencrypt_listen`,
		},
		"a certificate from a CA, by no challenge": {
			"name: x\ncommand: [x]\nconfig: {base: {}}\nprofiles: [byo, acme]",
			`t.yaml:4: profiles[1]: found "acme" alone, expected http-01 or tls-alpn-01 together with it`,
		},
		"resilience without a certificate": {
			"name: x\ncommand: [x]\nconfig: {base: {}}\nprofiles: [config, resilience]",
			`t.yaml:4: profiles[1]: found "resilience" alone, expected byo or acme together with it`,
		},
		"renewal information without a CA": {
			"name: x\ncommand: [x]\nconfig: {base: {}}\nprofiles: [byo, ari]",
			`t.yaml:4: profiles[1]: found "ari" alone, expected acme together with it`,
		},
		"resilience with a CA's certificate": {
			"name: x\ncommand: [x]\nconfig: {base: {}}\nprofiles: [tls-alpn-01, acme, resilience]", "",
		},
		"negative timeout": {
			smallest + "config: {base: {}}\nready: {tcp: listen_addr, timeout: -1s}",
			`t.yaml:5: ready.timeout: found "-1s", expected a duration above 0`,
		},
		"empty command": {"name: x\ncommand: []\nprofiles: [byo]\nconfig: {base: {}}",
			"t.yaml:2: command: found an empty list, expected at least one item"},
		"command as text": {"name: x\ncommand: x serve\nprofiles: [byo]\nconfig: {base: {}}",
			`t.yaml:2: command: found "x serve", expected a list`},
		"templated executable": {
			"name: x\ncommand: [\"{{.Dir}}/x\"]\nprofiles: [byo]\nconfig: {base: {}}",
			"expected an executable, without a template",
		},
		"number in env": {
			smallest + "config: {base: {}}\nenv: {DEBUG: 1}",
			"t.yaml:5: env.DEBUG: found the number 1, expected text",
		},
		"unknown function": {
			smallest + "config: {template: \"{{upper .Dir}}\"}",
			`t.yaml:4: config.template: found function "upper" not defined, expected a Go template`,
		},
		"unknown key of a branch that no sample takes": {
			smallest + "config: {template: \"{{if eq .Dir `x`}}{{.Keys.nope}}{{end}}\"}",
			"t.yaml:4: config.template: found .Keys.nope, expected one of server_url, ",
		},
		"a template that fails without its key": {
			smallest + "config:\n  template: |\n    a\n    {{slice .Keys.acme_url 0 3}}\n",
			"t.yaml:7: config.template: found at <slice .Keys.acme_url 0 3>",
		},
		"name of an unknown key": {
			smallest + "config:\n  template: x\n  names: {tls_cert: y}\n",
			`t.yaml:6: config.names.tls_cert: found an unknown key, expected one of server_url, `,
		},
		"names beside base": {
			smallest + "config: {base: {}, names: {tls_cert_path: y}}",
			"t.yaml:4: config.names: found names together with base, expected names together with template",
		},
		"state outside": {
			smallest + "config: {base: {}}\nstate: [../db]",
			`t.yaml:5: state[0]: found "../db", expected the name of a file below .Dir`,
		},
		"state by a bad pattern": {
			smallest + "config: {base: {}}\nstate: [\"db[\"]",
			`t.yaml:5: state[0]: found "db[", expected the name of a file below .Dir`,
		},
		"reload by a signal": {
			smallest + "config: {base: {}}\nreload: {signal: SIGUSR1, within: 5s}",
			"",
		},
		"reload by a command": {
			smallest + "config: {base: {}}\nreload: {command: [kill, -HUP, '{{.PID}}'], within: 30s}",
			"",
		},
		"reload by itself, later": {
			smallest + "config: {base: {}}\nreload: {watch: true, within: 1m}",
			"",
		},
		"reload in short": {smallest + "config: {base: {}}\nreload: watch", ""},
		"reload by nothing": {
			smallest + "config: {base: {}}\nreload: {within: 5s}",
			"t.yaml:5: reload: found none of them, expected exactly one of signal, command, watch",
		},
		"reload in two ways": {
			smallest + "config: {base: {}}\nreload: {signal: SIGHUP, watch: true}",
			"t.yaml:5: reload: found signal and watch, expected exactly one of signal, command, watch",
		},
		"reload without watching": {
			smallest + "config: {base: {}}\nreload: {watch: false}",
			"t.yaml:5: reload.watch: found the boolean false, expected true; a server",
		},
		"reload in no time": {
			smallest + "config: {base: {}}\nreload: {watch: true, within: 0s}",
			`t.yaml:5: reload.within: found "0s", expected a duration above 0`,
		},
		"reload by an unknown signal": {
			smallest + "config: {base: {}}\nreload: {signal: HUP}",
			`t.yaml:5: reload.signal: found "HUP", expected a signal such as SIGTERM or SIGINT`,
		},
		"reload by an unknown key": {
			smallest + "config: {base: {}}\nreload: {after: 5s, watch: true}",
			"t.yaml:5: reload.after: found an unknown key, expected one of signal, command, watch, within",
		},
		"reload by a list": {
			smallest + "config: {base: {}}\nreload: [nginx, -s, reload]",
			"t.yaml:5: reload: found a list, expected ",
		},
		"reload by a templated program": {
			smallest + "config: {base: {}}\nreload: {command: ['{{.Dir}}/x']}",
			"t.yaml:5: reload.command[0]: found \"{{.Dir}}/x\", expected an executable, without a template",
		},
		"process ID before the start": {
			smallest + "config: {base: {}}\nenv: {A: '{{.PID}}'}",
			"t.yaml:5: env.A: found .PID, expected a value that is known before the server starts",
		},
		"named ports": {
			smallest + "config: {base: {a: '{{.Ports.metrics}} {{port .Ports.debug}}'}}\n" +
				"ports: [metrics, {name: debug, fixed: 6060}]",
			"",
		},
		"unnamed port": {
			smallest + "config: {base: {a: '{{.Ports.grpc}}'}}\nports: [metrics]",
			"t.yaml:4: config.base.a: found .Ports.grpc, expected a name in the list ports of this file",
		},
		"port that is no port": {
			smallest + "config: {base: {}}\nports: [{name: a, fixed: 0}]",
			"t.yaml:5: ports[0].fixed: found the number 0, expected a port from 1 to 65535",
		},
		"port that no template can name": {
			smallest + "config: {base: {}}\nports: [my-port]",
			`t.yaml:5: ports[0]: found "my-port", expected a name of letters, digits and underscores`,
		},
		"backend and start directory": {
			smallest + "config: {template: '{{.Backend}} {{.StartDir}}'}",
			"",
		},
		"log file": {smallest + "config: {base: {}}\nlog: '{{.Dir}}/x.log'", ""},
		"log file without a name": {
			smallest + "config: {base: {}}\nlog: ''",
			`t.yaml:5: log: found "", expected text`,
		},
		"pair of three": {
			smallest + "config: {base: {}}\npair: three",
			`t.yaml:5: pair: found "three", expected one of separate, combined`,
		},
		"issued": {smallest + "config: {base: {}}\nready: {tcp: listen_addr, issued: true}", ""},
		"issued alone": {
			smallest + "config: {base: {}}\nready: {issued: true}",
			"t.yaml:5: ready: found none of them, expected exactly one of tcp, log, http",
		},
		"cannot": {smallest + "config: {template: '{{cannot `why`}}'}", ""},
		"cannot without a reason": {
			smallest + "config: {template: '{{cannot}}'}",
			"t.yaml:4: config.template: found ",
		},
		"optional environment": {smallest + "config: {template: '{{index .Env \"A\"}}{{.Env.B}}'}", ""},
		"anchors":              {smallest + "config: &c {base: {}}\nenv: {A: &a text, B: *a}", ""},
		"unknown ID": {
			smallest + "config: {base: {}}\nknown_failures: [{id: NO-1, reason: x}]",
			`t.yaml:5: known_failures[0].id: found "NO-1", expected an ID, or ID/case, of the catalogue`,
		},
		"no known failures left": {smallest + "config: {base: {}}\nknown_failures: []", ""},
		"missing reason": {
			smallest + "config: {base: {}}\nknown_failures: [{id: A-01}]",
			"t.yaml:5: known_failures[0].reason: found nothing, expected text",
		},
		"number for a version": {
			smallest + "config: {base: {}}\nknown_failures: [{id: A-01, reason: x, version: 1.2}]",
			"t.yaml:5: known_failures[0].version: found the number 1.2, expected text",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parseTarget("t.yaml", []byte(row.text), func(id string) bool { return id == "A-01" })
			switch {
			case row.want == "" && err != nil:
				t.Errorf("got %v, want no mistake", err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("got  %v\nwant %s", err, row.want)
			}
		})
	}
}

// FuzzParse checks that a target file is refused with a line and in words, or read into
// a target that has what each target needs.
func FuzzParse(f *testing.F) {
	f.Add(smallest + "config: {base: {}}")
	f.Add(example)
	f.Add("a: &a [*a]\n")
	f.Add("config: &c {base: *c}\n")
	f.Add(smallest + "config: {base: {}}\nknown_failures: [{id: A-01, reason: x, until: 2027-01-01}]")
	f.Fuzz(func(t *testing.T, text string) {
		tt, err := parseTarget("t.yaml", []byte(text), nil)
		if err != nil {
			if mistake := new(strictyaml.Mistake); !errors.As(err, mistake) || mistake.Line < 1 {
				t.Errorf("%q: found the error %v, expected one with a line", text, err)
			}
			return
		}
		ready := tt.Ready.TCP != "" || tt.Ready.Log != nil || tt.Ready.HTTP != ""
		if tt.Name == "" || len(tt.Command) == 0 || len(tt.Profiles) == 0 || !ready {
			t.Errorf("%q: found the target %+v, expected a complete one", text, tt)
		}
	})
}
