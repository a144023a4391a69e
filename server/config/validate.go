package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// validator checks the values of one file and builds the configuration from
// them.
type validator struct {
	file     string
	values   map[string]value
	problems Problems
}

func validate(file string, values map[string]value) (*Config, Problems) {
	v := &validator{file: file, values: values}
	v.sources()
	cfg := &Config{
		File:          file,
		ServerURL:     v.serverURL(),
		ListenAddr:    v.address(KeyListenAddr),
		CertPath:      v.path(KeyCertPath),
		KeyPath:       v.path(KeyKeyPath),
		ChainCheck:    ChainCheck(v.oneOf(KeyChainCheck, string(Enforce), string(Warn), string(Off))),
		Hostname:      v.hostname(),
		ACMEListen:    v.address(KeyACMEListen),
		CacheDir:      v.cacheDir(),
		ChallengeType: v.challengeType(),
		ACMEURL:       v.directoryURL(),
		ACMEEmail:     v.email(),
		lines:         make(map[string]int),
	}
	v.listeners(cfg)
	for key, value := range values {
		cfg.lines[key] = value.line
	}
	return cfg, v.problems
}

// sources requires at most one origin of the certificate, and all keys of that
// origin.
func (v *validator) sources() {
	hostname, cert, key := v.present(KeyHostname), v.present(KeyCertPath), v.present(KeyKeyPath)
	switch {
	case hostname && (cert || key):
		v.problem(KeyHostname, "it together with an own certificate",
			fmt.Sprintf("either %s or %s and %s, not both", KeyHostname, KeyCertPath, KeyKeyPath))
	case cert && !key:
		v.problem(KeyCertPath, "it without "+KeyKeyPath, "both keys or neither")
	case key && !cert:
		v.problem(KeyKeyPath, "it without "+KeyCertPath, "both keys or neither")
	}
}

func (v *validator) serverURL() *url.URL {
	text := v.get(KeyServerURL)
	if text == "" {
		return nil
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" || !isPort(u.Port()) {
		v.problem(KeyServerURL, quote(text),
			"a URL that starts with http:// or https:// and names a host")
		return nil
	}
	return u
}

// isPort reports whether a text is a port number, or empty.
func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil
}

func (v *validator) address(key string) string {
	text := v.get(key)
	if text == "" {
		return "" // of the wrong type
	}
	if text == defaults[key] {
		return text // the name of the service need not be looked up
	}
	_, port, err := net.SplitHostPort(text)
	if err == nil && port != "" {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" {
		v.problem(key, quote(text), "an address as host:port or :port")
	}
	return text
}

func (v *validator) path(key string) string {
	path, err := resolve(v.file, v.get(key))
	if err != nil {
		v.problem(key, err.Error(), "a path that can be made absolute")
	}
	return path
}

func (v *validator) hostname() string {
	text := v.get(KeyHostname)
	if text == "" {
		return ""
	}
	host, err := normalise(text)
	if err != nil {
		v.problem(KeyHostname, fmt.Sprintf("%s (%v)", quote(text), err), "a fully qualified host name")
	}
	return host
}

func (v *validator) cacheDir() string {
	dir := v.path(KeyCacheDir)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() && v.present(KeyHostname) {
		v.problem(KeyCacheDir, "the file "+dir, "a directory, or a path where one can be made")
	}
	return dir
}

// challengeType accepts exactly the two values.
func (v *validator) challengeType() ChallengeType {
	return ChallengeType(v.oneOf(KeyChallengeType, string(HTTP01), string(TLSALPN01)))
}

// directoryURL requires HTTPS, as RFC 8555 §6.1 does.
func (v *validator) directoryURL() string {
	text := v.get(KeyACMEURL)
	if u, err := url.Parse(text); text != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		v.problem(KeyACMEURL, quote(text), "the https:// URL of an ACME directory")
	}
	return text
}

func (v *validator) email() string {
	text := v.get(KeyACMEEmail)
	if address, err := mail.ParseAddress(text); text != "" && (err != nil || address.Address != text) {
		v.problem(KeyACMEEmail, quote(text), "an e-mail address such as admin@example.com")
	}
	return text
}

func (v *validator) oneOf(key string, allowed ...string) string {
	text := v.get(key)
	if text != "" && !slices.Contains(allowed, text) {
		last := len(allowed) - 1
		v.problem(key, quote(text), strings.Join(allowed[:last], ", ")+" or "+allowed[last])
	}
	return text
}

// get returns the value of a key, its default if it is absent or empty, and an
// empty text if it has the wrong type.
func (v *validator) get(key string) string {
	value := v.values[key]
	if value.text == "" && !value.wrong {
		return defaults[key]
	}
	return value.text
}

// present reports whether the key has a value, right or wrong.
func (v *validator) present(key string) bool {
	value := v.values[key]
	return value.text != "" || value.wrong
}

func (v *validator) problem(key, found, expected string) {
	v.problems = append(v.problems, Problem{v.file, v.values[key].line, key, found, expected})
}

func quote(s string) string { return fmt.Sprintf("%q", cut(s)) }
