package life

import (
	"maps"
	"slices"
	"time"

	"assay/fixtures/pki"
	"assay/suite/internal/harness"
	"assay/suite/internal/harness/rows"
	"assay/suite/internal/match"
	"assay/suite/internal/world"
)

// ownTrials are tried with a pair of the operator's own.
var ownTrials = []trial{
	{"half-a-pair", nil, []string{"CFG-03"}, (*life).tryHalf},
	{"both", []string{"acme"}, []string{"CFG-02"}, (*life).tryBoth},
	{"bad-pairs", nil, []string{"BYO-04", "BYO-05"}, (*life).tryBadPairs},
	{"broken-chains", []string{"chain"}, []string{"CHAIN-03"}, (*life).tryBrokenChains},
	{"chains", []string{"chain"}, []string{"CHAIN-04"}, (*life).tryChains},
	{"files", nil, []string{"CHAIN-20", "CHAIN-21"}, (*life).tryFiles},
	{"names", nil, []string{"BYO-23"}, (*life).tryNames},
	{"dates", nil, []string{"BYO-14"}, (*life).tryDates},
	{"keys", nil, []string{"BYO-06", "BYO-07"}, (*life).tryKeys},
	{"visits", nil, []string{"BYO-12"}, (*life).tryVisits},
}

func (l *life) tryOwnStep(s Step) { l.try(ownTrials, s.How) }

// freshPair writes a new pair to files of its own, and returns the settings for it.
func (l *life) freshPair(
	change func(*pki.Spec), over ...harness.Settings,
) (harness.Settings, *pki.Identity) {
	id := l.identity(change)
	l.e.Remove("cert.pem")
	l.e.Remove("key.pem")
	cert, key := l.e.WritePair(id, "cert.pem", "key.pem")
	return l.e.Own(cert, key, over...), id
}

// serves looks whether a server serves this pair.
func (l *life) serves(id *pki.Identity, options ...harness.ClientOption) func(*harness.Server) {
	return func(server *harness.Server) {
		l.contacts++
		l.expect(invTakes, l.e.Handshake(server, options...), match.ServeLeaf(id.Leaf))
	}
}

func (l *life) tryHalf() {
	good, id := l.freshPair(nil)
	l.served(invTakes, good, l.serves(id))
	for _, missing := range []string{"tls_key_path", "tls_cert_path"} {
		l.refused(good.With(harness.Settings{missing: nil}), l.e.NamesOf(missing))
	}
}

func (l *life) tryBoth() {
	good, id := l.freshPair(nil)
	l.served(invTakes, good, l.serves(id))
	for _, set := range [][]string{
		{"tls_cert_path", "tls_key_path"}, {"tls_cert_path"}, {"tls_key_path"},
	} {
		both := l.e.ACME()
		for _, key := range set {
			both[key] = good[key]
		}
		l.refused(both, l.e.NamesOf(append(set, "tls_letsencrypt_hostname")...))
	}
}

func (l *life) tryBadPairs() {
	for _, row := range rows.Of[harness.DamagedPair](l.e, "BYO-04") {
		if row.MayServe {
			continue
		}
		why := l.optional(func() {
			good, id := l.freshPair(nil)
			l.served(invTakes, good, l.serves(id))
			l.failing = invRefuses
			files := l.e.DamagePair(row, id)
			var atFault []string
			for _, name := range row.Names {
				atFault = append(atFault, files[name])
			}
			l.contacts++
			refusal := l.e.Refuse(good)
			l.expect(invRefusesBad, refusal, match.BeRefusal())
			l.expect(invNamesCause, refusal, match.BeRefusalNamingOneOf(atFault...))
		})
		if why != "" {
			l.seen("%s", why)
		}
	}
}

func (l *life) tryBrokenChains() {
	for _, row := range rows.Of[rows.BrokenChain](l.e, "CHAIN-03") {
		good, id := l.freshPair(func(s *pki.Spec) { s.Intermediates = row.Intermediates })
		l.served(invTakes, good, l.serves(id))
		bad, _, err := id.ChainWith(row.Defect)
		l.e.Must(err)
		l.e.Write("cert.pem", pki.PEM(bad...))
		l.contacts++
		refusal, seen := l.e.RefuseOrServe(good)
		if seen != nil { // a server may put a chain right
			l.expect(invRefusesBad, seen, match.HaveOrderedChainTo(id.Root))
			continue
		}
		l.expect(invRefusesBad, refusal, match.BeRefusal())
	}
}

func (l *life) tryChains() {
	for _, row := range rows.Of[rows.CompleteChain](l.e, "CHAIN-04") {
		id := l.identity(row.Mint)
		chain, _, err := id.ChainWith(row.Defect)
		l.e.Must(err)
		// Some servers log a line for each certificate.
		good, _ := l.freshPair(func(s *pki.Spec) { s.Intermediates = max(1, len(chain)-1) })
		control, again := l.served(invTakes, good, nothing), l.served(invTakes, good, nothing)
		l.e.WritePair(id, "cert.pem", "key.pem")
		l.e.Write("cert.pem", pki.PEM(chain...))
		server := l.served(invTakes, good, l.serves(id))
		l.expect(invNoAlarm, server.LogOfCertificates(), match.RaiseNoAlarm(control.Log(), again.Log()))
	}
}

// unusualFiles are certificate files that some servers cannot read.
var unusualFiles = []pki.Form{
	{Blocks: []string{"leaf", "empty issuer", "issuer"}},
	{Blocks: []string{"leaf", "empty issuer"}},
	{Blocks: []string{"leaf", "bad-base64 issuer"}},
	{Blocks: []string{"leaf", "truncated-der issuer", "issuer"}},
	{Blocks: []string{"leaf", "truncated-der issuer"}},
	{Blocks: []string{"leaf", "no-end issuer"}},
	{Blocks: []string{"no-newline leaf", "issuer"}},
	{Blocks: []string{"leaf", "indented issuer"}},
	{Blocks: []string{"leaf", "trusted issuer"}},
	{Blocks: []string{"leaf", "issuer"}, As: "bom"},
	{Blocks: []string{"leaf", "issuer"}, As: "utf-16"},
}

func (l *life) tryFiles() {
	good, id := l.freshPair(nil)
	l.served(invTakes, good, l.serves(id))
	for _, form := range unusualFiles {
		text, written, err := id.FileIn(form)
		l.e.Must(err)
		l.e.Write("cert.pem", text)
		l.contacts++
		refusal, seen := l.e.RefuseOrServe(good)
		if seen == nil {
			l.expect(invRefusesBad, refusal, match.BeRefusalNamingOneOf("cert.pem"))
			continue
		}
		l.expect(invGoodChain, seen, match.ServeCertificatesOf(written))
		l.expect(invGoodChain, seen, match.ServeWholeChainOf(written, id.Root))
	}
}

func (l *life) tryNames() {
	if !l.e.CanSet("server_url") {
		return
	}
	for _, row := range rows.Of[rows.CoveredName](l.e, "BYO-23") {
		host := row.HostOf(l.e)
		plain, listed := row.ControlOf(l.e)
		good, _ := l.freshPair(func(s *pki.Spec) {
			s.CommonName, s.Names = l.e.Hostname, listed
		}, harness.Settings{"server_url": plain})
		control := l.served(invTakes, good, nothing)
		other, _ := l.freshPair(func(s *pki.Spec) {
			s.CommonName, s.Names = l.e.Hostname, l.e.ExpandAll(row.Names)
		}, harness.Settings{"server_url": row.URLOf(l.e)})
		server := l.served(invTakes, other, nothing)
		words := append(l.e.AnyNameOf("server_url", "tls_cert_path"), "certificate", "cert.pem", host)
		warning := match.WarnUnlike(control.Log(), words...)
		if !row.Covered {
			l.expect(invWarns, server.Log(), warning)
			continue
		}
		if ok, _ := warning.Match(server.Log()); ok {
			l.broke(invNoAlarm, "no warning of a name that the certificate covers",
				"%s", server.Process.Log().Tail(4))
		}
	}
}

func (l *life) tryDates() {
	for _, age := range []time.Duration{90 * day, -time.Hour} {
		good, _ := l.freshPair(func(s *pki.Spec) { s.CommonName = l.e.Hostname })
		control := l.served(invTakes, good, nothing)
		other, id := l.freshPair(func(s *pki.Spec) {
			s.CommonName, s.Age, s.Lifetime = l.e.Hostname, age, 89*day
		})
		server := l.served(invTakes, other, l.serves(id))
		l.expect(invWarns, server.Log(), match.WarnUnlike(control.Log(), "tls_cert_path",
			"certificate", "cert.pem", l.e.Hostname))
	}
}

func (l *life) tryKeys() {
	formats := map[pki.KeyType][]pki.KeyFormat{
		pki.RSA2048:   {pki.PKCS1, pki.PKCS8},
		pki.RSA3072:   {pki.PKCS1, pki.PKCS8},
		pki.ECDSAP256: {pki.SEC1, pki.PKCS8},
		pki.ECDSAP384: {pki.SEC1, pki.PKCS8},
		pki.Ed25519:   {pki.PKCS8},
	}
	for _, kind := range slices.Sorted(maps.Keys(formats)) {
		for _, format := range formats[kind] {
			good, id := l.freshPair(func(s *pki.Spec) { s.Key = kind })
			text, err := id.KeyPEM(format)
			l.e.Must(err)
			l.e.Write("key.pem", text)
			l.served(invTakes, good, l.serves(id))
		}
	}
}

func (l *life) tryVisits() {
	for _, row := range []struct {
		name, visit string
		address     bool
	}{
		{"*.{hostname}", "www.{hostname}", false}, {"{v4}", "{v4}", true},
		{"2001:db8::17", "2001:db8::17", true},
	} {
		good, id := l.freshPair(func(s *pki.Spec) { s.Names = []string{l.e.Expand(row.name)} })
		as := harness.SNI(l.e.Expand(row.visit))
		if row.address {
			as = harness.Visiting(l.e.Expand(row.visit))
		}
		l.served(invTakes, good, l.serves(id, as))
	}
}

// acmeTrials are tried with a certificate from the CA.
var acmeTrials = []trial{
	{"challenge-type", []string{"http-01", "tls-alpn-01"}, []string{"CFG-04"}, (*life).tryTypes},
	{"collision", []string{"http-01"}, []string{"CFG-22"}, (*life).tryCollision},
	{"other-host", nil, []string{"CFG-07"}, (*life).tryOtherHost},
	{"redirects", []string{"http-01"}, []string{"HTTP01-07", "HTTP01-20"}, (*life).tryRedirects},
	{"silent", []string{"http-01"}, []string{"HTTP01-03"}, (*life).trySilent},
	{"far-port", []string{"tls-alpn-01"}, []string{"ALPN01-08"}, (*life).tryFarPort},
}

func (l *life) tryACMEStep(s Step) { l.try(acmeTrials, s.How) }

func (l *life) tryTypes() {
	l.served(invTakes, l.e.HTTP01(), nothing)
	names := append(l.e.NamesOf("tls_letsencrypt_challenge_type"), "HTTP-01", "TLS-ALPN-01")
	for _, row := range rows.Of[struct{ Keys harness.Settings }](l.e, "CFG-04") {
		l.refused(l.e.HTTP01(row.Keys), names)
	}
}

func (l *life) tryCollision() {
	if l.e.World.Kind() != world.Namespace {
		l.seen("needs the namespace world")
		return
	}
	names := l.e.NamesOf("listen_addr", "tls_letsencrypt_listen")
	for _, row := range []struct {
		listen     string
		challenges any
		kind       string
		apart      bool
	}{
		{"{v4}:5080", "{v4}:5080", "HTTP-01", false},
		{":5080", "{v4}:5080", "HTTP-01", false},
		{"{v4}:5080", ":5080", "HTTP-01", false},
		{"[::ffff:{v4}]:5080", "{v4}:5080", "HTTP-01", false},
		{"{v4}:80", ":http", "HTTP-01", false},
		{":80", nil, "HTTP-01", false},
		{"{v4}:5081", "{v4}:5080", "HTTP-01", true},
		{"127.0.0.1:5080", "{v4}:5080", "HTTP-01", true},
		{"{v4}:443", "{v4}:443", "TLS-ALPN-01", true},
	} {
		s := l.e.HTTP01(l.e.ExpandSettings(harness.Settings{
			"listen_addr": row.listen, "tls_letsencrypt_listen": row.challenges,
			"tls_letsencrypt_challenge_type": row.kind,
		}))
		if row.apart {
			if row.kind != "TLS-ALPN-01" || l.e.Claims("tls-alpn-01") {
				l.served(invTakes, s, nothing)
			}
			continue
		}
		l.served(invTakes, s.With(harness.Settings{"tls_letsencrypt_listen": l.e.Addr(5999)}), nothing)
		l.refused(s, names)
	}
}

func (l *life) tryOtherHost() {
	if !l.e.CanSet("server_url") {
		return
	}
	good := l.e.ALPN01
	if l.walk.Mode == ModeHTTP {
		good = l.e.HTTP01
	}
	for _, host := range []string{"other.assay.test", "www." + l.e.Hostname} {
		l.warned(good(), good(harness.Settings{"server_url": "https://" + host}),
			l.e.AnyNameOf("server_url", "tls_letsencrypt_hostname")...)
	}
}

func (l *life) tryRedirects() {
	if !l.e.CanSet("server_url") {
		return
	}
	for _, row := range rows.Of[rows.Redirection](l.e, "HTTP01-07") {
		l.served(invTakes, l.e.HTTP01(row.Settings(l.e)), func(*harness.Server) {
			l.e.AwaitListener(l.e.Addr(5080))
			answer := row.Ask(l.e)
			l.contacts++
			if row.MayRefuse && !match.Redirects(answer) ||
				answer.Status/100 != 3 && l.known["HTTP01-20"] {
				return
			}
			l.expect(invRedirects, answer, match.RedirectTo(l.e.ExpandAll(row.Leads)...))
		})
	}
}

// trySilent looks whether the challenge listener is where it should be alone.
func (l *life) trySilent() {
	if l.e.World.Kind() != world.Namespace {
		l.seen("needs the namespace world")
		return
	}
	l.served(invTakes, l.e.HTTP01(), func(*harness.Server) {
		l.e.AwaitListener(l.e.Addr(5080))
		for _, address := range []string{"127.0.0.1:5080", l.e.Addr6(5080)} {
			if l.e.ConnectError(address) == nil {
				l.broke(invTakes, "no listener but the one at "+l.e.Addr(5080), "one at %s", address)
			}
		}
	})
	l.served(invTakes, l.e.HTTP01(harness.Settings{"tls_letsencrypt_listen": ":5080"}),
		func(*harness.Server) {
			for _, address := range []string{"127.0.0.1:5080", "[::1]:5080", l.e.Addr(5080)} {
				l.e.AwaitListener(address)
			}
		})
}

// tryFarPort listens for TLS at a port to which the CA does not come.
func (l *life) tryFarPort() {
	if l.e.World.Kind() != world.Namespace {
		l.seen("the CA comes to another port than 443 in this world")
		return
	}
	control := l.served(invTakes, l.e.ALPN01(), nothing)
	far := l.e.ALPN01(harness.Settings{"listen_addr": l.e.Addr(9000)})
	server := l.served(invTakes, far, nothing)
	for _, line := range server.Log() {
		if harness.ValidationPort.MatchString(line.Words()) && !control.Logged(line.Words()) {
			return
		}
	}
	l.broke(invWarns, "a warning that the CA comes to port 443, which the control at that port "+
		"did not log", "%s", server.Process.Log().Tail(6))
}
