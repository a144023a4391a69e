package sut

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/scenarios/near"
	"assay/scenarios/strictyaml"
)

// parseTarget decodes a target file. file is its name in messages; knows is that
// of [Load].
func parseTarget(file string, text []byte, knows func(id string) bool) (*Target, error) {
	t := newTarget()
	f := strictyaml.Decode(file, text, t)
	checkPorts(f, t.Ports)
	checkCAHosts(f, t)
	templates := newTemplateCheck(f, t.Ports)
	checkCommands(templates, t)
	checkConfig(templates, &t.Config)
	checkReload(f, &t.Reload)
	templates.below("log")
	checkReady(f, t)
	checkState(f, t.State)
	checkProfiles(f, t.Profiles)
	checkKnownFailures(f, t.KnownFailures, knows)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if t.Ready.TCP == "" && t.Ready.Log == nil && t.Ready.HTTP == "" {
		t.Ready.TCP = "listen_addr"
	}
	return t, nil
}

// checkCommands checks the command lines and the environment.
func checkCommands(f templateCheck, t *Target) {
	for key, words := range map[string][]string{"version": t.VersionCommand, "schedule": t.Schedule} {
		for i, word := range words {
			if strings.Contains(word, "{{") {
				f.Expect(fmt.Sprintf("%s[%d]", key, i),
					"a word without a template: this command runs outside of any test")
			}
		}
	}
	for _, command := range []string{"command", "reload.command"} {
		for key, text := range f.Texts(command) {
			if key != command+"[0]" {
				f.check(key, text)
			} else if strings.Contains(text, "{{") {
				f.Expect(key, "an executable, without a template")
			}
		}
	}
	for name := range t.Env {
		if strings.Contains(name, "=") {
			f.Wrong("env."+name, "a name with =", "the name of an environment variable")
		}
	}
	f.below("env")
}

// checkConfig checks how the server is configured.
func checkConfig(f templateCheck, c *Config) {
	if f.Has("config") {
		exactlyOne(f.File, "config", "base", "template")
	}
	if filepath.Base(c.File) != c.File || !filepath.IsLocal(c.File) {
		f.Expect("config.file", "a file name without a directory")
	}
	if f.Has("config.base") {
		checkBase(f.File, c)
	}
	for _, key := range []string{"config.base", "config.template", "config.files"} {
		f.below(key)
	}
	for name := range c.Files {
		if key := "config.files." + name; !filepath.IsLocal(name) {
			f.Wrong(key, "a path that leads out of the directory", "a relative path below it")
		}
	}
	for name := range c.Names {
		if key := "config.names." + name; !slices.Contains(Keys, name) {
			f.Wrong(key, "an unknown key",
				"one of "+strings.Join(Keys, ", ")+near.Hint(name, Keys))
		}
	}
	if f.Has("config.base") && len(c.Names) > 0 {
		f.Wrong("config.names", "names together with base",
			"names together with template: a server that reads the keys as they are uses their names")
	}
	if _, both := c.Files[c.File]; both {
		f.Wrong("config.files", "the config file "+c.File, "other files")
	}
}

// checkBase checks the YAML over which the keys of tests are merged.
func checkBase(f *strictyaml.File, c *Config) {
	if c.Base.Kind == yaml.AliasNode {
		c.Base = *c.Base.Alias
	}
	if c.Base.Kind != yaml.MappingNode {
		f.Expect("config.base", "a mapping")
	} else if err := c.Base.Load(&map[string]any{}, yaml.WithUniqueKeys(false)); err != nil {
		f.Wrong("config.base", err.Error(), "a mapping that can be decoded")
	}
}

// checkReady checks the conditions under which the server counts as ready and
// healthy.
func checkReady(f *strictyaml.File, t *Target) {
	if f.Has("ready") {
		exactlyOne(f, "ready", "tcp", "log", "http")
	}
	if t.Ready.Timeout <= 0 {
		f.Expect("ready.timeout", "a duration above 0")
	}
	for key, text := range map[string]string{"ready.http": t.Ready.HTTP, "health": t.Health} {
		if f.Has(key) && !strings.HasPrefix(text, "/") {
			f.Expect(key, "a path that begins with /")
		}
	}
}

// portName matches names that templates can take from .Ports.
var portName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkPorts checks the server's further ports.
func checkPorts(f *strictyaml.File, ports []Port) {
	for i, p := range ports {
		key := fmt.Sprintf("ports[%d]", i)
		same := func(other Port) bool { return other.Name == p.Name }
		name := key + ".name"
		if !f.Has(name) {
			name = key // the short form
		}
		switch {
		case p.Name == "": // reported already
		case !portName.MatchString(p.Name):
			f.Expect(name, "a name of letters, digits and underscores, such as metrics")
		case slices.ContainsFunc(ports[:i], same):
			f.Wrong(name, fmt.Sprintf("%q a second time", p.Name), "each name once")
		}
		if fixed := key + ".fixed"; f.Has(fixed) && (p.Fixed < 1 || p.Fixed > 65535) {
			f.Expect(fixed, "a port from 1 to 65535")
		}
	}
}

// hostName matches a name with a dot, as public CAs have (RFC 1123 §2.1).
var hostName = regexp.MustCompile(
	`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// checkCAHosts checks the names that lead to the local CA.
func checkCAHosts(f *strictyaml.File, t *Target) {
	if len(t.CAHosts) > 0 && t.CanSet("acme_url") {
		f.Wrong("ca_hosts", "a configuration that names the CA, as one with base does",
			"a template without acme_url: a server that is told its CA asks the local one")
	}
	for i, host := range t.CAHosts {
		key := fmt.Sprintf("ca_hosts[%d]", i)
		if !hostName.MatchString(host) || len(host) > 253 {
			f.Expect(key, "a host name in lower case, such as acme-v02.api.letsencrypt.org")
		} else if slices.Contains(t.CAHosts[:i], host) {
			f.Wrong(key, fmt.Sprintf("%q a second time", host), "each name once")
		}
	}
}

// checkReload checks the long form of how certificates are taken up.
func checkReload(f *strictyaml.File, r *Reload) {
	for key := range f.Texts("reload") {
		if key == "reload" {
			return // the short form
		}
	}
	if !f.Has("reload") {
		return
	}
	exactlyOne(f, "reload", "signal", "command", "watch")
	if f.Has("reload.watch") && !r.Watch {
		f.Expect("reload.watch", "true; a server that has to be restarted has reload: none")
	}
	if f.Has("reload.within") && r.Within <= 0 {
		f.Expect("reload.within", "a duration above 0")
	}
}

// exactlyOne requires one of some keys that exclude each other.
func exactlyOne(f *strictyaml.File, key string, names ...string) {
	var found []string
	for _, name := range names {
		if f.Has(key + "." + name) {
			found = append(found, name)
		}
	}
	expected := "exactly one of " + strings.Join(names, ", ")
	switch len(found) {
	case 0:
		f.Wrong(key, "none of them", expected)
	case 1:
	default:
		f.Wrong(key, strings.Join(found, " and "), expected)
	}
}

// checkState checks the patterns of the server's own files.
func checkState(f *strictyaml.File, patterns []string) {
	for i, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil || !filepath.IsLocal(pattern) {
			f.Expect(fmt.Sprintf("state[%d]", i),
				"the name of a file below .Dir, in which * and ? match what varies")
		}
	}
}

// companions lists, for chapters that can be judged only together with another
// one, those others: where a certificate comes from, and how its name is proved.
var companions = map[string][]string{
	"acme":       {"http-01", "tls-alpn-01"},
	"resilience": {"byo", "acme"},
	"ari":        {"acme"},
	"profiles":   {"acme"},
	"ip":         {"acme"},
}

// checkProfiles checks the chapters that the target claims.
func checkProfiles(f *strictyaml.File, profiles []string) {
	claimed := func(chapter string) bool { return slices.Contains(profiles, chapter) }
	for i, profile := range profiles {
		key := fmt.Sprintf("profiles[%d]", i)
		others := companions[profile]
		switch {
		case slices.Contains(profiles[:i], profile):
			f.Wrong(key, fmt.Sprintf("%q a second time", profile), "each profile once")
		case others != nil && !slices.ContainsFunc(others, claimed):
			f.Wrong(key, fmt.Sprintf("%q alone", profile), strings.Join(others, " or ")+" together with it")
		}
		f.OneOf(key, Profiles)
	}
}

// checkKnownFailures checks what tags cannot express about known failures.
func checkKnownFailures(f *strictyaml.File, all []KnownFailure, knows func(id string) bool) {
	for i, k := range all {
		key := fmt.Sprintf("known_failures[%d].", i)
		if knows != nil && !knows(k.ID) {
			f.Expect(key+"id", "an ID, or ID/case, of the catalogue")
		}
		if u, err := url.Parse(k.Link); f.Has(key+"link") && (err != nil || u.Host == "") {
			f.Expect(key+"link", "a URL such as https://host/path")
		}
	}
}
