package life

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"assay/fixtures/pki"
	"assay/pebble/presets"
	"assay/scenarios/pairwise"
	"assay/suite/internal/harness"
	"assay/suite/internal/replace"
	"assay/suite/internal/world"
)

// An aspect is something in a configuration, or at the CA, that may have one of several
// forms. A server has to take each of them.
type aspect struct {
	name  string
	modes []string // in which it matters; none means in all
	forms []string // the first one is usual
	from  []string // requirements that promise it
}

// aspects lists what a walk may vary. The order is that of the documentation.
var aspects = []aspect{
	{"directory", nil, []string{"own", "elsewhere", "relative-config"},
		[]string{"BYO-02", "BYO-03", "ACME-29"}},
	{"listen", ownAlone, []string{"address", "absent", "empty"}, []string{"CFG-24"}},
	{"listen", acmeAlone, []string{"address", "port", "zero", "ipv6-zero"},
		[]string{"ACME-31", "ACME-09"}},
	{"server-url", nil, []string{"host", "port", "path", "slash", "capitals"},
		[]string{"HTTP01-07", "CFG-06", "CFG-07"}},
	{"paths", ownAlone, []string{"absolute", "relative"}, []string{"BYO-01", "BYO-02"}},
	{"files", ownAlone, []string{string(replace.Separate), string(replace.Apart)}, []string{"BYO-31"}},
	{"pair", ownAlone, []string{
		"usual", "rsa-pkcs1", "rsa-pkcs8", "rsa-3072", "rsa-4096", "p384", "two-intermediates",
		"three-intermediates", "root-included", "cross-signed-root", "address-of-the-issuer",
		"text-before", "ec-parameters", "crlf", "key-in-both",
	}, []string{"BYO-06", "BYO-07", "BYO-08", "CHAIN-04"}},
	{"cache", acmeAlone, []string{"relative", "absolute", "nested", "absent", "empty"},
		[]string{"ACME-02", "CFG-05", "CFG-23"}},
	{"type", []string{ModeHTTP}, []string{"named", "absent"}, []string{"CFG-05"}},
	{"challenges", []string{ModeHTTP}, []string{"address", "every-address", "absent", "empty"},
		[]string{"HTTP01-01", "HTTP01-03", "CFG-05", "CFG-23"}},
	{"port", []string{ModeALPN}, []string{"443", "forwarded"}, []string{"ALPN01-10"}},
	{"ca-url", acmeAlone, []string{"given", "absent", "empty"}, []string{"CFG-05", "CFG-23"}},
	{"email", acmeAlone, []string{"given", "absent", "empty"}, []string{"ACME-06", "CFG-23"}},
	{"name", acmeAlone, []string{"as-it-is", "capitals"}, []string{"ACME-10"}},
	{"ca", acmeAlone, caKinds(), []string{"ACME-01", "HTTP01-13", "ALPN01-12", "CHAIN-06"}},
}

const (
	usualCA      = "edge"
	perspectives = "perspectives" // the edge, which validates from several addresses
)

// shortestLife is how long certificates live at the least at a CA of a walk: clients come
// by every five days.
const shortestLife = 45 * day

// caKinds returns the names of the CAs that a walk may have.
func caKinds() []string {
	names := []string{usualCA, perspectives}
	for _, p := range presets.All() {
		short := p.Lifetime != 0 && time.Duration(p.Lifetime) < shortestLife
		if p.Name != usualCA && !short && !p.Stock {
			names = append(names, p.Name)
		}
	}
	return names
}

// aspectOf returns the aspect of a mode that has this name.
func aspectOf(mode, name string) *aspect {
	for i := range aspects {
		a := &aspects[i]
		if a.name == name && (len(a.modes) == 0 || slices.Contains(a.modes, mode)) {
			return a
		}
	}
	return nil
}

// aspectsOf returns the aspects of a mode.
func aspectsOf(mode string) (all []aspect) {
	for _, a := range aspects {
		if len(a.modes) == 0 || slices.Contains(a.modes, mode) {
			all = append(all, a)
		}
	}
	return all
}

// variants returns few combinations of the forms of a mode's aspects. Two forms of different
// aspects stand together at least in one of them, as far as both are among the first
// fewForms of their aspects, which bounds the choice.
var variants = map[string]func() []map[string]string{
	ModeOwn:  sync.OnceValue(func() []map[string]string { return combine(ModeOwn) }),
	ModeHTTP: sync.OnceValue(func() []map[string]string { return combine(ModeHTTP) }),
	ModeALPN: sync.OnceValue(func() []map[string]string { return combine(ModeALPN) }),
}

// fewForms bounds how many forms of an aspect are combined with all of another one.
const fewForms = 2

// combine makes the combinations of variants. Forms beyond the first ones take the place of
// the second one in turn.
func combine(mode string) (all []map[string]string) {
	of := aspectsOf(mode)
	sizes := make([]int, len(of))
	for i := range of {
		sizes[i] = fewForms
	}
	rows, err := pairwise.Choose(sizes, nil)
	if err != nil {
		panic(err)
	}
	const rounds = 12
	for round := range rounds {
		for n, row := range rows {
			with := map[string]string{}
			for i, a := range of {
				if row[i] > 0 {
					with[a.name] = a.forms[1+(round+n+i)%(len(a.forms)-1)]
				}
			}
			all = append(all, with)
		}
	}
	return all
}

// form returns the form that the walk gives an aspect, or the usual one.
func (l *life) form(name string) string {
	if form := l.walk.With[name]; form != "" {
		return form
	}
	if a := aspectOf(l.walk.Mode, name); a != nil {
		return a.forms[0]
	}
	return ""
}

// unusual reports whether the walk gives an aspect another form than the usual one, and
// notes the requirements about it.
func (l *life) unusual(name string) bool {
	form := l.walk.With[name]
	a := aspectOf(l.walk.Mode, name)
	if a == nil || form == "" || form == a.forms[0] {
		return false
	}
	l.about(a.from...)
	return true
}

// presetOf returns the CA of a walk.
func presetOf(w Walk) presets.Preset {
	p, _ := presets.Find(w.With["ca"])
	return p
}

// The host and the URL of the directory that acme_url has by default.
const (
	defaultCA        = "acme-v02.api.letsencrypt.org"
	defaultDirectory = "https://" + defaultCA + "/directory"
)

// publicAddress is where the CA answers as the one that acme_url has by default.
var publicAddress = netip.MustParseAddr("127.0.0.4")

// configuration returns the settings of the server and how it is started.
func (l *life) configuration() (harness.Settings, []harness.StartOption) {
	var options []harness.StartOption
	switch {
	case l.form("directory") == "elsewhere":
		l.e.MkDir("elsewhere")
		options = append(options, harness.WorkingDir(l.e.Path("elsewhere")))
	case l.form("directory") == "relative-config":
		options = append(options, harness.RelativeConfig)
	}
	l.unusual("directory")
	var s harness.Settings
	if l.walk.Mode == ModeOwn {
		s = l.ownSettings()
	} else {
		var more []harness.StartOption
		s, more = l.acmeSettings()
		options = append(options, more...)
	}
	if l.unusual("server-url") && l.e.CanSet("server_url") {
		s["server_url"] = l.serverURL()
	}
	return s, options
}

func (l *life) serverURL() string {
	switch l.form("server-url") {
	case "port":
		return "https://" + l.e.Hostname + ":8443"
	case "path":
		return "https://" + l.e.Hostname + ":8443/base"
	case "slash":
		return "https://" + l.e.Hostname + "/"
	case "capitals":
		return "HTTPS://" + strings.ToUpper(l.e.Hostname)
	}
	return "https://" + l.e.Hostname
}

// ownSettings returns the settings of a server with a pair of the operator's own.
func (l *life) ownSettings() harness.Settings {
	cert, key := l.place.Paths()
	if l.unusual("paths") {
		cert, key = l.relative(cert), l.relative(key)
	}
	s := l.e.Own(cert, key)
	if l.unusual("listen") && l.e.World.Kind() == world.Namespace && l.e.CanSet("listen_addr") {
		s["listen_addr"] = map[string]any{"absent": nil, "empty": ""}[l.form("listen")]
	}
	return s
}

func (l *life) relative(path string) string {
	short, err := filepath.Rel(l.e.Dir, path)
	l.e.Must(err)
	return short
}

// acmeSettings returns the settings of a server with a certificate from the CA.
func (l *life) acmeSettings() (s harness.Settings, options []harness.StartOption) {
	inNamespace := l.e.World.Kind() == world.Namespace
	set := func(key string, value any) {
		if l.e.CanSet(key) {
			s[key] = value
		}
	}
	port := 443
	if l.walk.Mode == ModeHTTP {
		s, port = l.e.HTTP01(), 8443
	} else {
		s = l.e.ALPN01()
	}
	// In the loopback world, what forwards the port has an address that others may want.
	if inNamespace && l.unusual("port") {
		port = 9000
		set("listen_addr", l.e.Addr(port))
		options = append(options, harness.Forward(443, port))
	}
	hosts := map[string]string{"port": "", "zero": "0.0.0.0", "ipv6-zero": "[::]"}
	if l.unusual("listen") && inNamespace {
		_, tail, _ := strings.Cut(l.e.Addr(port), ":")
		set("listen_addr", hosts[l.form("listen")]+":"+tail)
	}
	if l.walk.Mode == ModeHTTP {
		options = append(options, l.challengeSettings(set)...)
	}
	switch l.form("cache") {
	case "absolute":
		set("tls_letsencrypt_cache_dir", l.e.Path(l.cache))
	case "nested":
		set("tls_letsencrypt_cache_dir", l.cache)
	case "absent":
		set("tls_letsencrypt_cache_dir", nil)
	case "empty":
		set("tls_letsencrypt_cache_dir", "")
	}
	l.unusual("cache")
	if l.unusual("email") {
		set("acme_email", map[string]any{"absent": nil, "empty": ""}[l.form("email")])
	}
	if l.unusual("name") {
		set("tls_letsencrypt_hostname", strings.ToUpper(l.e.Hostname))
	}
	l.caURL = l.e.DirectoryURL()
	// Where the server listens at every address, nothing else can have its port.
	apart := l.walk.Mode == ModeHTTP || l.form("listen") == "address"
	public := inNamespace && apart && l.e.Resolver != nil && len(l.target.CAHosts) == 0
	if public && l.unusual("ca-url") && l.e.CanSet("acme_url") {
		options = append(options, l.publicCA())
		set("acme_url", map[string]any{"absent": nil, "empty": ""}[l.form("ca-url")])
	}
	return s, options
}

// challengeSettings sets where HTTP-01 is answered, and returns how port 80 leads there.
func (l *life) challengeSettings(set func(string, any)) []harness.StartOption {
	if l.unusual("type") {
		set("tls_letsencrypt_challenge_type", nil)
	}
	canSet := l.e.World.Kind() == world.Namespace && l.e.CanSet("tls_letsencrypt_listen")
	if l.unusual("challenges") && canSet {
		l.about("HTTP01-03")
		switch l.form("challenges") {
		case "every-address":
			set("tls_letsencrypt_listen", ":5080")
		case "absent":
			set("tls_letsencrypt_listen", nil)
		case "empty":
			set("tls_letsencrypt_listen", "")
		}
		if l.form("challenges") != "every-address" {
			l.challenges = l.e.Addr(80)
			return nil
		}
	}
	if l.troubles["forward"] != nil {
		return nil
	}
	return []harness.StartOption{harness.Forward(80, 5080)}
}

// publicCA lets the CA answer where acme_url has its default, and returns what makes the
// server trust it there.
func (l *life) publicCA() harness.StartOption {
	id := l.identity(func(s *pki.Spec) { s.Names = []string{defaultCA} })
	l.e.ServeCA(publicAddress.String()+":443", id, "/directory")
	l.e.Resolver.Point(defaultCA, publicAddress)
	l.caURL = defaultDirectory
	return harness.TrustOnly(l.e.Write("roots.pem", append(id.RootPEM(), l.e.CA().EndpointRoot()...)))
}

// cacheOf returns the directory of the cache, below that of the server.
func cacheOf(w Walk) string {
	switch w.With["cache"] {
	case "nested":
		return "not/yet/there"
	case "absent", "empty":
		return ".cache"
	}
	return cacheDir
}

// firstPair makes the pair that the server has at first, and its files.
func (l *life) firstPair() {
	form := l.form("pair")
	change := map[string]func(*pki.Spec){
		"rsa-pkcs1":           func(s *pki.Spec) { s.Key = pki.RSA2048 },
		"rsa-pkcs8":           func(s *pki.Spec) { s.Key = pki.RSA2048 },
		"rsa-3072":            func(s *pki.Spec) { s.Key = pki.RSA3072 },
		"rsa-4096":            func(s *pki.Spec) { s.Key = pki.RSA4096 },
		"p384":                func(s *pki.Spec) { s.Key = pki.ECDSAP384 },
		"two-intermediates":   func(s *pki.Spec) { s.Intermediates = 2 },
		"three-intermediates": func(s *pki.Spec) { s.Intermediates = 3 },
		"address-of-the-issuer": func(s *pki.Spec) {
			s.Intermediates = 0
		},
	}[form]
	l.current = l.identity(change)
	l.onDisk = l.current
	way := replace.Way{By: l.walk.By, Files: replace.Files(l.form("files"))}
	l.place = l.e.NewPlace(way, l.current)
	if l.unusual("pair") {
		cert, key := l.pairIn(form, l.current)
		l.place.Write(replace.Way{}, cert, key, nil)
	}
	l.keepSecrets()
}

// pairIn returns the texts of a pair in one of its forms.
func (l *life) pairIn(form string, id *pki.Identity) (cert, key []byte) {
	chain := func(d pki.Defect) []byte {
		all, _, err := id.ChainWith(d)
		l.e.Must(err)
		return pki.PEM(all...)
	}
	encoded := func(format pki.KeyFormat) []byte {
		text, err := id.KeyPEM(format)
		l.e.Must(err)
		return text
	}
	cert, key = id.ChainPEM(), encoded(pki.PKCS8)
	switch form {
	case "rsa-pkcs1", "rsa-3072":
		key = encoded(pki.PKCS1)
	case "p384":
		key = encoded(pki.SEC1)
	case "root-included":
		cert = chain(pki.RootIncluded)
	case "cross-signed-root":
		cert = chain(pki.CrossSignedRoot)
	case "address-of-the-issuer":
		cert = chain(pki.CAIssuers)
	case "text-before", "ec-parameters", "crlf":
		certPath, keyPath := l.e.PairAs(form, id)
		cert, key = l.e.Read(l.relative(certPath)), l.e.Read(l.relative(keyPath))
	case "key-in-both":
		both, err := id.Combined()
		l.e.Must(err)
		cert, key = both, both
	}
	return cert, key
}
