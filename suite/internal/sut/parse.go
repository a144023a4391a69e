package sut

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v4"
	"golang.org/x/sys/unix"
)

// parseFile reads a target file. file is its name for messages.
func parseFile(file string, text []byte, knows func(string) bool) (*Target, error) {
	p := &parser{file: file, knows: knows}
	var document yaml.Node
	if err := yaml.Load(text, &document, yaml.WithUniqueKeys(false)); err != nil {
		p.syntax(text, err)
		return nil, p.err()
	}
	t := newTarget()
	p.target(t, follow(document.Content[0]))
	if err := p.err(); err != nil {
		return nil, err
	}
	return t, nil
}

// syntax reports a file that is no YAML document.
func (p *parser) syntax(text []byte, err error) {
	line, found := 1, err.Error()
	var loading *yaml.LoadError
	if errors.As(err, &loading) {
		line, found = max(1, loading.Mark.Line), loading.Message
	}
	expected := "one YAML document"
	if strings.Contains(string(text), ": {{") {
		expected += "; a value that begins with a template has to be quoted"
	}
	p.wrong(line, whole, found, expected)
}

func (p *parser) target(t *Target, n *yaml.Node) {
	p.mapping(n, whole, map[string]reader{
		"name":           p.text(&t.Name),
		"version":        p.command(&t.VersionCommand),
		"command":        p.startCommand(&t.Command),
		"env":            p.env(&t.Env),
		"config":         func(n *yaml.Node, key string) { p.config(&t.Config, n, key) },
		"ready":          func(n *yaml.Node, key string) { p.ready(&t.Ready, n, key) },
		"on_bad_config":  choice(p, &t.OnBadConfig, ExitOnBadConfig, LogBadConfig),
		"stop":           p.signal(&t.StopSignal),
		"reload":         choice(p, &t.Reload, ReloadSIGHUP, ReloadWatch, ReloadNone),
		"forks":          p.flag(&t.Forks),
		"state":          p.patterns(&t.State),
		"health":         p.urlPath(&t.Health),
		"schedule":       p.command(&t.Schedule),
		"profiles":       p.profiles(&t.Profiles),
		"known_failures": p.knownFailures(&t.KnownFailures),
	}, "name", "command", "config", "profiles")
	if t.Ready.TCP == "" && t.Ready.Log == nil && t.Ready.HTTP == "" {
		t.Ready.TCP = "listen_addr"
	}
}

// command reads a command line that is run apart from any scenario, so that
// there is nothing that a template could see.
func (p *parser) command(into *[]string) reader {
	return func(n *yaml.Node, key string) {
		p.list(n, key, "words", func(n *yaml.Node, key string) {
			var word string
			p.text(&word)(n, key)
			if strings.Contains(word, "{{") {
				p.wrong(n.Line, key, describe(n), "a word without a template: this command runs outside any scenario")
			}
			*into = append(*into, word)
		})
	}
}

// startCommand reads the server's command line: templates, but for the name
// of the executable.
func (p *parser) startCommand(into *[]string) reader {
	return func(n *yaml.Node, key string) {
		p.list(n, key, "words", func(n *yaml.Node, key string) {
			var word string
			if len(*into) > 0 {
				p.template(&word)(n, key)
			} else if p.text(&word)(n, key); strings.Contains(word, "{{") {
				p.wrong(n.Line, key, describe(n), "an executable, without a template")
			}
			*into = append(*into, word)
		})
	}
}

func (p *parser) env(into *map[string]string) reader {
	return func(n *yaml.Node, key string) {
		*into = map[string]string{}
		for name, value := range p.entries(n, key) {
			var text string
			if strings.Contains(name.Value, "=") {
				p.wrong(name.Line, join(key, name.Value), "a name with =", "the name of an environment variable")
			}
			p.template(&text)(value, join(key, name.Value))
			(*into)[name.Value] = text
		}
	}
}

// profiles reads the chapters that the target claims. Some say nothing without
// one of others: what a certificate comes from, and how its name is proved.
func (p *parser) profiles(into *[]string) reader {
	beside := map[string][]string{"acme": {"http-01", "tls-alpn-01"}, "resilience": {"byo", "acme"}}
	return func(n *yaml.Node, key string) {
		p.list(n, key, "profiles", func(n *yaml.Node, key string) {
			var profile string
			choice(p, &profile, Profiles...)(n, key)
			if profile != "" && slices.Contains(*into, profile) {
				p.wrong(n.Line, key, describe(n)+" for the second time", "each profile once")
			}
			*into = append(*into, profile)
		})
		for i, profile := range *into {
			others := beside[profile]
			if others != nil && !slices.ContainsFunc(others, func(other string) bool { return slices.Contains(*into, other) }) {
				p.wrong(n.Content[i].Line, fmt.Sprintf("%s[%d]", key, i), strconv.Quote(profile)+" alone", strings.Join(others, " or ")+" beside it")
			}
		}
	}
}

func (p *parser) signal(into *syscall.Signal) reader {
	return func(n *yaml.Node, key string) {
		number := unix.SignalNum(n.Value)
		if n.Kind != yaml.ScalarNode || number == 0 {
			p.wrong(n.Line, key, describe(n), "a signal such as SIGTERM or SIGINT")
			return
		}
		*into = number
	}
}

func (p *parser) urlPath(into *string) reader {
	return func(n *yaml.Node, key string) {
		if !isText(n) || !strings.HasPrefix(n.Value, "/") {
			p.wrong(n.Line, key, describe(n), "a path that begins with /")
			return
		}
		*into = n.Value
	}
}

// patterns reads names of files below a start's directory.
func (p *parser) patterns(into *[]string) reader {
	return func(n *yaml.Node, key string) {
		p.list(n, key, "patterns", func(n *yaml.Node, key string) {
			var pattern string
			p.text(&pattern)(n, key)
			if _, err := path.Match(pattern, ""); err != nil || (pattern != "" && !filepath.IsLocal(pattern)) {
				p.wrong(n.Line, key, describe(n), "the name of a file below .Dir; * and ? stand for what varies")
			}
			*into = append(*into, pattern)
		})
	}
}

func (p *parser) duration(into *time.Duration) reader {
	return func(n *yaml.Node, key string) {
		d, err := time.ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || d <= 0 {
			p.wrong(n.Line, key, describe(n), "a duration above 0 with a unit, such as 5s or 500ms")
			return
		}
		*into = d
	}
}

// ready reads exactly one condition, and a timeout.
func (p *parser) ready(into *ReadyWhen, n *yaml.Node, key string) {
	p.mapping(n, key, map[string]reader{
		"tcp":     p.addressKey(&into.TCP),
		"log":     p.regexp(&into.Log),
		"http":    p.urlPath(&into.HTTP),
		"timeout": p.duration(&into.Timeout),
	})
	p.exactlyOne(n, key, "tcp", "log", "http")
}

// addressKey reads the name of one of the keys that hold an address.
func (p *parser) addressKey(into *string) reader {
	return func(n *yaml.Node, key string) {
		if !isText(n) || !slices.Contains([]string{"listen_addr", "tls_letsencrypt_listen"}, n.Value) {
			p.wrong(n.Line, key, describe(n), "a configuration key that holds an address: listen_addr or tls_letsencrypt_listen")
			return
		}
		*into = n.Value
	}
}

// exactlyOne demands one of some keys that exclude each other.
func (p *parser) exactlyOne(n *yaml.Node, key string, names ...string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	var found []string
	for i := 0; i < len(n.Content); i += 2 {
		if slices.Contains(names, n.Content[i].Value) {
			found = append(found, n.Content[i].Value)
		}
	}
	expected := "exactly one of " + strings.Join(names, ", ")
	switch len(found) {
	case 0:
		p.wrong(n.Line, key, "none of them", expected)
	case 1:
	default:
		p.wrong(n.Line, key, strings.Join(found, " and "), expected)
	}
}
