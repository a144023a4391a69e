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

	"assay/scenarios/strictyaml"
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

// checkTemplates checks every text at and below a key of the target file.
func checkTemplates(f *strictyaml.File, key string) {
	for key, text := range f.Texts(key) {
		checkTemplate(f, key, text)
	}
}

// checkTemplate checks that a text is a template that mentions only what exists,
// and that can be executed both with every key set and with none.
func checkTemplate(f *strictyaml.File, key, text string) {
	t, err := parseTemplate(key, text)
	if err != nil {
		wrongTemplate(f, key, err, "a Go template")
		return
	}
	for _, name := range mentions(t, "Keys") {
		if !slices.Contains(Keys, name) {
			f.Wrong(key, ".Keys."+name, "one of "+strings.Join(Keys, ", "))
			return
		}
	}
	env := map[string]string{}
	for _, name := range mentions(t, "Env") {
		env[name] = "value"
	}
	all := map[string]any{}
	for _, name := range Keys {
		all[name] = "127.0.0.1:443" // an address, so that host and port can split it
	}
	sample := view{Dir: "/dir", ConfigFile: "/dir/config", CABundle: "/dir/ca.pem", Env: env}
	for _, keys := range []map[string]any{all, {}} {
		sample.Keys = keys
		var cannot *Inexpressible
		if _, err := sample.render(key, text); err != nil && !errors.As(err, &cannot) {
			wrongTemplate(f, key, err, "a template of "+viewNames)
			return
		}
	}
}

// viewNames lists what templates can name, for messages.
const viewNames = "Dir, TargetDir, ConfigFile, CABundle, Keys, Env, Raw"

// templateError matches an error of text/template, "template: NAME:LINE:COLUMN:
// text", and finds its line and its text.
var templateError = regexp.MustCompile(`^template: .*?:(\d+):(?:\d+:)? (?:executing "[^"]*" )?(.*)$`)

// wrongTemplate reports an error of text/template at its line of the file.
func wrongTemplate(f *strictyaml.File, key string, err error, expected string) {
	line, found := 1, err.Error()
	if m := templateError.FindStringSubmatch(found); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, by the pattern
		found = strings.TrimSuffix(m[2], " in type sut.view")
	}
	f.WrongLine(key, line, found, expected)
}
