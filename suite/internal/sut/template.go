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

// Keys lists the configuration keys that tests set, with headscale's names and
// meanings; only tls_chain_check is the reference server's own. Templates see
// them as .Keys.NAME.
var Keys = []string{
	"server_url", "listen_addr",
	"tls_cert_path", "tls_key_path", "tls_chain_check",
	"tls_letsencrypt_hostname", "tls_letsencrypt_listen", "tls_letsencrypt_cache_dir",
	"tls_letsencrypt_challenge_type",
	"acme_url", "acme_email",
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
	// Keys are the keys that the test sets. A key that a template mentions and
	// the test does not set is "", so that {{with}} and {{if}} skip it.
	Keys map[string]any
	// Env is the environment that the server gets, without the target's own
	// variables.
	Env map[string]string
	// Raw is the whole configuration file in tests of files that cannot be
	// read, otherwise "".
	Raw string
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
	// cannot ends the template, because the server cannot be configured so.
	"cannot": func(reason string) (string, error) { return "", &Inexpressible{Reason: reason} },
}

// Inexpressible is the error of [Target.Prepare] for keys that the server's own
// configuration cannot express, which the target file says by calling the
// function cannot. A test that needs such keys is skipped.
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
	for _, name := range namesIn(t, "Keys") {
		if !slices.Contains(Keys, name) {
			f.Wrong(key, ".Keys."+name, "one of "+strings.Join(Keys, ", "))
			return
		}
	}
	env := map[string]string{}
	for _, name := range namesIn(t, "Env") {
		env[name] = "value"
	}
	all := map[string]any{}
	for _, name := range Keys {
		all[name] = "127.0.0.1:443" // an address, so that host and port can split it
	}
	sample := templateData{Dir: "/dir", ConfigFile: "/dir/config", CABundle: "/dir/ca.pem", Env: env}
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
		found = strings.TrimSuffix(m[2], " in type sut.templateData")
	}
	f.WrongLine(key, line, found, expected)
}
