package sut

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"assay/scenarios/near"
	"assay/scenarios/strictyaml"
)

// Keys lists the configuration keys that tests set, with headscale's names and
// meanings; only tls_chain_check is the reference server's own. Templates see
// them as .Keys.NAME.
var Keys = []string{
	"server_url", "listen_addr",
	"tls_cert_path", "tls_key_path", "tls_chain_check",
	"tls_letsencrypt_hostname", "tls_letsencrypt_listen", "tls_letsencrypt_cache_dir",
	"tls_letsencrypt_challenge_type",
	"acme_url", "acme_email", "acme_profile",
}

// templateData holds the values that templates see.
type templateData struct {
	// Dir is the directory of the test, absolute.
	Dir string
	// TargetDir is the directory of the target file, absolute, for scripts and
	// files beside it. It is "" for a built-in target.
	TargetDir string
	// ConfigFile is the path of the configuration file that the server gets.
	ConfigFile string
	// CABundle is the file with the roots of the CA's HTTPS endpoint.
	CABundle string
	// Executable is the path of the server's own executable.
	Executable string
	// Keys are the keys that the test sets. A key that a template mentions and
	// the test does not set is "", so that {{with}} and {{if}} skip it.
	Keys map[string]any
	// Env is the environment that the server gets, without the target's own
	// variables.
	Env map[string]string
	// Raw is the whole configuration file in tests of files that cannot be
	// read, otherwise "".
	Raw string
	// StartDir is a directory that is empty at each start, absolute, for process
	// IDs and sockets.
	StartDir string
	// Ports are the addresses, "ip:port", of the further ports that the target
	// file names.
	Ports map[string]string
	// Backend is the address, "ip:port", of an HTTP server behind a TLS proxy.
	Backend string
	// PID is the process ID of the server. It is 0 except in the reload command.
	PID int
}

// functions can be called by templates, in addition to those of text/template.
var functions = template.FuncMap{
	// json writes a value as JSON.
	"json": func(v any) (string, error) {
		text, err := json.Marshal(v)
		return string(text), err
	},
	// host and port return the two parts of an address such as 127.0.0.1:8443.
	"host": func(address any) string { host, _ := splitAddress(address); return host },
	"port": func(address any) string { _, port := splitAddress(address); return port },
	// urlhost returns the host of an address as URLs have it: an IPv6 address is in
	// brackets.
	"urlhost": func(address any) string {
		host, _ := splitAddress(address)
		if strings.Contains(host, ":") {
			return "[" + host + "]"
		}
		return host
	},
	// cannot ends the template with an [Inexpressible] error.
	"cannot": func(reason string) (string, error) { return "", &Inexpressible{Reason: reason} },
}

// Inexpressible is the error of [Target.Prepare] for keys that the server's own
// configuration cannot express. The target file calls the function cannot for
// them. A test that needs such keys is skipped.
type Inexpressible struct{ Reason string }

func (e *Inexpressible) Error() string {
	return "the server cannot be configured so: " + e.Reason
}

func splitAddress(address any) (host, port string) {
	host, port, err := net.SplitHostPort(fmt.Sprint(address))
	if err != nil {
		return "", ""
	}
	return host, port
}

func parseTemplate(name, text string) (*template.Template, error) {
	return template.New(name).Option("missingkey=error").Funcs(functions).Parse(text)
}

// render executes a template of the target file. key names the template in
// errors.
func (v templateData) render(key, text string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	t, err := parseTemplate(key, text)
	if err != nil {
		return "", err
	}
	named := v
	named.Keys = maps.Clone(v.Keys)
	for _, name := range namesIn(t, "Keys") {
		if _, set := named.Keys[name]; !set {
			named.Keys[name] = ""
		}
	}
	var out strings.Builder
	if err := t.Execute(&out, named); err != nil {
		return "", err
	}
	return out.String(), nil
}

// A templateCheck checks the templates of a target file.
type templateCheck struct {
	*strictyaml.File
	ports map[string]string // sample addresses by the names of the file's ports
}

func newTemplateCheck(f *strictyaml.File, ports []Port) templateCheck {
	c := templateCheck{f, map[string]string{}}
	for _, p := range ports {
		c.ports[p.Name] = "127.0.0.1:9090"
	}
	return c
}

// below checks every text at and below a key of the target file.
func (c templateCheck) below(key string) {
	for key, text := range c.Texts(key) {
		c.check(key, text)
	}
}

// check checks that a text is a template that mentions only what exists, and
// that can be executed both with every key set and with none.
func (c templateCheck) check(key, text string) {
	t, err := parseTemplate(key, text)
	if err != nil {
		c.wrong(key, err, "a Go template")
		return
	}
	for _, name := range namesIn(t, "Keys") {
		if !slices.Contains(Keys, name) {
			c.Wrong(key, ".Keys."+name,
				"one of "+strings.Join(Keys, ", ")+near.Hint(name, Keys))
			return
		}
	}
	for _, name := range namesIn(t, "Ports") {
		if _, named := c.ports[name]; !named {
			c.Wrong(key, ".Ports."+name, "a name in the list ports of this file")
			return
		}
	}
	if slices.Contains(namesIn(t, ""), "PID") && !strings.HasPrefix(key, "reload.command") {
		c.Wrong(key, ".PID", "a value that is known before the server starts; "+
			".PID is known in reload.command alone")
		return
	}
	env := map[string]string{}
	for _, name := range namesIn(t, "Env") {
		env[name] = "value"
	}
	all := map[string]any{}
	for _, name := range Keys {
		all[name] = "127.0.0.1:443" // an address, so that host and port can split it
	}
	sample := templateData{
		Dir: "/dir", ConfigFile: "/dir/config", CABundle: "/dir/ca.pem", Env: env,
		Executable: "/bin/server",
		StartDir:   "/dir/start", Ports: c.ports, Backend: "127.0.0.1:8080", PID: 2,
	}
	for _, keys := range []map[string]any{all, {}} {
		sample.Keys = keys
		var cannot *Inexpressible
		if _, err := sample.render(key, text); err != nil && !errors.As(err, &cannot) {
			c.wrong(key, err, "a template of "+viewNames)
			return
		}
	}
}

// viewNames lists the fields of templateData, for messages.
const viewNames = "Dir, TargetDir, StartDir, ConfigFile, CABundle, Executable, Keys, Ports, " +
	"Backend, Env, Raw, and PID in reload.command"

// templateError matches an error of text/template, "template: NAME:LINE:COLUMN:
// text", and finds its line and its text.
var templateError = regexp.MustCompile(
	`^template: .*?:(\d+):(?:\d+:)? (?:executing "[^"]*" )?(.*)$`)

// wrong reports an error of text/template at its line of the file.
func (c templateCheck) wrong(key string, err error, expected string) {
	line, found := 1, err.Error()
	if m := templateError.FindStringSubmatch(found); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, by the pattern
		found = strings.TrimSuffix(m[2], " in type sut.templateData")
	}
	c.WrongLine(key, line, found, expected)
}

// namesIn returns the names that a template looks up in a field of its data: for
// the field Keys and {{.Keys.tls_cert_path}} it returns "tls_cert_path". For the
// field "" it returns the names of the fields, such as "Keys".
func namesIn(t *template.Template, field string) []string {
	var names []string
	var walk func(parse.Node)
	list := func(l *parse.ListNode) {
		if l != nil {
			for _, n := range l.Nodes {
				walk(n)
			}
		}
	}
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe)
		list(b.List)
		list(b.ElseList)
	}
	path := func(words []string) {
		if field != "" {
			if len(words) == 0 || words[0] != field {
				return
			}
			words = words[1:]
		}
		if len(words) > 0 && !slices.Contains(names, words[0]) {
			names = append(names, words[0])
		}
	}
	walk = func(n parse.Node) {
		switch n := n.(type) {
		case *parse.ListNode:
			list(n)
		case *parse.ActionNode:
			walk(n.Pipe)
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.TemplateNode:
			walk(n.Pipe)
		case *parse.PipeNode:
			if n != nil {
				for _, c := range n.Cmds {
					walk(c)
				}
			}
		case *parse.CommandNode:
			for _, a := range n.Args {
				walk(a)
			}
		case *parse.ChainNode:
			walk(n.Node)
		case *parse.FieldNode:
			path(n.Ident)
		case *parse.VariableNode:
			if n.Ident[0] == "$" {
				path(n.Ident[1:])
			}
		}
	}
	for _, defined := range t.Templates() {
		if defined.Tree != nil {
			list(defined.Root)
		}
	}
	return names
}
