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

	"go.yaml.in/yaml/v4"
)

// Keys are the configuration keys that scenarios set, with headscale's names
// and meanings; tls_chain_check is the reference server's own. Templates see
// them as .Keys.NAME.
var Keys = []string{
	"server_url", "listen_addr",
	"tls_cert_path", "tls_key_path", "tls_chain_check",
	"tls_letsencrypt_hostname", "tls_letsencrypt_listen", "tls_letsencrypt_cache_dir", "tls_letsencrypt_challenge_type",
	"acme_url", "acme_email",
}

// A view is what templates see.
type view struct {
	// Dir is the spec's own directory, absolute.
	Dir string
	// TargetDir is where the target file is, absolute: for scripts and files
	// beside it. It is "" for a built-in target.
	TargetDir string
	// ConfigFile is the config file's path as the server is to get it.
	ConfigFile string
	// CABundle is the file with the roots of the CA's HTTPS endpoint.
	CABundle string
	// Keys are the scenario's keys. One that a template names and the
	// scenario does not set is "", which ends a {{with}} or an {{if}}.
	Keys map[string]any
	// Env is the environment that the server gets, but for the target's env.
	Env map[string]string
	// Raw is the whole file in scenarios about unreadable configurations,
	// otherwise "".
	Raw string
}

// functions are what templates can call besides text/template's own.
var functions = template.FuncMap{
	// json writes a value as JSON.
	"json": func(v any) (string, error) {
		text, err := json.Marshal(v)
		return string(text), err
	},
	// host and port are the two parts of an address such as 127.0.0.1:8443.
	"host": func(address any) string { host, _ := splitAddress(address); return host },
	"port": func(address any) string { _, port := splitAddress(address); return port },
	// cannot ends the template: these keys are nothing that the server can be
	// told.
	"cannot": func(reason string) (string, error) { return "", &Inexpressible{Reason: reason} },
}

// Inexpressible is the error of [Target.Prepare] for keys that the server's
// own configuration cannot express, as the target file says by calling the
// function cannot. Nothing can be judged by them.
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

// render executes a template of the target file. key names it in errors.
func (v view) render(key, text string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	t, err := parseTemplate(key, text)
	if err != nil {
		return "", err
	}
	named := v
	named.Keys = maps.Clone(v.Keys)
	for _, name := range mentions(t, "Keys") {
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

// template reads a string that may be a template. It has to execute with every
// key set and with none, and to name nothing that does not exist.
func (p *parser) template(into *string) reader {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
			p.wrong(n.Line, key, describe(n), "text")
			return
		}
		*into = n.Value
		t, err := parseTemplate(key, n.Value)
		if err != nil {
			p.badTemplate(n, key, err, "a Go template")
			return
		}
		for _, name := range mentions(t, "Keys") {
			if !slices.Contains(Keys, name) {
				p.wrong(n.Line, key, ".Keys."+name, "one of "+strings.Join(Keys, ", "))
				return
			}
		}
		env := map[string]string{}
		for _, name := range mentions(t, "Env") {
			env[name] = "value"
		}
		all := map[string]any{}
		for _, name := range Keys {
			all[name] = "127.0.0.1:443" // an address, so that host and port have something to split
		}
		for _, sample := range []view{
			{Dir: "/dir", ConfigFile: "/dir/config", CABundle: "/dir/ca.pem", Keys: all, Env: env, Raw: "raw"},
			{Dir: "/dir", ConfigFile: "/dir/config", CABundle: "/dir/ca.pem", Keys: map[string]any{}, Env: env},
		} {
			var cannot *Inexpressible
			if _, err := sample.render(key, n.Value); err != nil && !errors.As(err, &cannot) {
				p.badTemplate(n, key, err, "a template of Dir, TargetDir, ConfigFile, CABundle, Keys, Env, Raw")
				return
			}
		}
	}
}

// templateError takes apart a message of text/template: "template: NAME:LINE:COLUMN: text".
var templateError = regexp.MustCompile(`^template: .*?:(\d+):(?:\d+:)? (?:executing "[^"]*" )?(.*)$`)

// badTemplate reports an error of text/template at its line of the file.
func (p *parser) badTemplate(n *yaml.Node, key string, err error, expected string) {
	line, found := n.Line, err.Error()
	if m := templateError.FindStringSubmatch(found); m != nil {
		if within, err := strconv.Atoi(m[1]); err == nil && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			line += within // a block begins below the line of its key
		}
		found = strings.TrimSuffix(m[2], " in type sut.view")
	}
	p.wrong(line, key, found, expected)
}
