package page

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"assay/scenarios"
	"assay/suite/report"
)

// began is when the runs of the samples were started.
var began = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

// passing returns a report on the whole catalogue in which everything holds.
// Each result has observations and as much evidence as a result that passed can
// have.
func passing(t testing.TB) *report.Report {
	t.Helper()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	r := &report.Report{
		Schema: report.Schema,
		Suite:  report.Suite{Version: "v0.1.0", Catalogue: catalogue.Digest()},
		Target: report.Target{
			Name: "my-server", Version: "my-server 1.4.2", Autocert: "v0.58.0",
			Profiles: scenarios.ChapterNames(),
		},
		World: "namespace", CA: "edge", Go: "go1.26.8", OS: "linux/amd64",
		Started: began, DurationMS: 9812, CPUMS: 17340, Issuances: 403,
	}
	for _, chapter := range catalogue.Chapters {
		for _, q := range chapter.Requirements {
			r.Results = append(r.Results, passedResult(chapter.Name, q))
		}
	}
	r.Conclude()
	return r
}

func passedResult(chapter string, q scenarios.Requirement) report.Result {
	x := report.Result{
		ID: q.ID, Title: q.Title, Level: q.Level, Profile: chapter, Source: q.Source,
		Text: q.Text, Why: q.Why, Status: report.Passed, DurationMS: int64(40 + 7*len(q.Title)),
		UsedCA: true, Evidence: renewal(strings.ToLower(q.ID) + ".assay.test"),
	}
	if q.Level == scenarios.Observe {
		x.Status = report.Observed
	}
	x.Observations = facts3("")
	for i, row := range q.Cases {
		c := report.Case{Case: row.Name, Status: x.Status, DurationMS: int64(20 + i)}
		x.Observations = append(x.Observations, facts3(row.Name)...)
		if i == 0 {
			x.Evidence.Case = row.Name
		}
		x.Cases = append(x.Cases, c)
	}
	return x
}

func facts3(name string) []report.Observation {
	return []report.Observation{
		{Kind: "acme", Name: "orders", Case: name, Value: []any{
			"1 × POST newOrder 201, POST challenge 200, challenge tls-alpn-01 valid, POST finalize 200",
		}},
		{Kind: "count", Name: "certificates issued", Case: name, Value: []any{"1 × ECDSA"}},
		{Kind: "protocol", Name: "completed handshakes", Case: name, Value: []any{
			"TLS 1.3, ECDSA, chain of 2",
		}},
	}
}

// cert returns a certificate that is valid for so many days from a day on, which
// counts from the day of the run.
func cert(subject, issuer, serial string, from, lasts int) report.Certificate {
	start := began.AddDate(0, 0, from)
	return report.Certificate{
		Subject: subject, Issuer: issuer, Serial: serial, NotBefore: start,
		NotAfter: start.AddDate(0, 0, lasts), Key: "ECDSA P-256",
		PEM: "-----BEGIN CERTIFICATE-----\n" + strings.Repeat("MIICdjCCAhygAwIBAgIQN5yEbZg6", 20) +
			"\n-----END CERTIFICATE-----\n",
	}
}

func leaf(host, serial string, from, lasts int) report.Certificate {
	c := cert("CN="+host, "CN=Pebble Intermediate CA 6c3a7e", serial, from, lasts)
	c.Names = []string{host}
	return c
}

func intermediate() report.Certificate {
	c := cert("CN=Pebble Intermediate CA 6c3a7e", "CN=Pebble Root CA 4345ce", "1f", -1000, 3650)
	c.CA = true
	return c
}

func root() report.Certificate {
	c := cert("CN=Pebble Root CA 4345ce", "CN=Pebble Root CA 4345ce", "1e", -2000, 7300)
	c.CA = true
	return c
}

// renewal returns the evidence of a certificate that is renewed.
func renewal(host string) *report.Evidence {
	e := &report.Evidence{
		Config: "acme_email: operator@" + host + "\nacme_url: https://acme.test/dir\n" +
			"listen_addr: 127.0.0.10:443\nserver_url: https://" + host + "\n" +
			"tls_letsencrypt_cache_dir: cache\ntls_letsencrypt_challenge_type: TLS-ALPN-01\n" +
			"tls_letsencrypt_hostname: " + host + "\n",
		Log: []string{
			"2026/11/24 09:30:01 listening on 127.0.0.10:443 (https)",
			"2026/11/24 09:30:01 certificate of " + host + " is due for renewal",
			"2026/11/24 09:30:01 renewed the certificate of " + host,
		},
		LogTMS: []int64{9, 14, 44},
	}
	for i, x := range []report.Exchange{
		{From: "target", To: "edge", What: "GET directory", Status: 200},
		{From: "target", To: "edge", What: "HEAD newNonce", Status: 200},
		{From: "target", To: "edge", What: "POST newAccount", Status: 201},
		{From: "target", To: "edge", What: "POST newOrder", Status: 201},
		{From: "target", To: "edge", What: "POST-as-GET authz", Status: 200},
		{From: "target", To: "edge", What: "POST challenge", Status: 200},
		{From: "ca", To: "dns", What: "query A"},
		{From: "ca", To: "target", What: "connection to port 443"},
		{From: "ca", To: "edge", What: "challenge tls-alpn-01 valid"},
		{From: "target", To: "edge", What: "POST-as-GET order", Status: 200},
		{From: "target", To: "edge", What: "POST finalize", Status: 200},
		{From: "ca", To: "edge", What: "certificate issued"},
		{From: "target", To: "edge", What: "POST-as-GET certificate", Status: 200},
	} {
		x.TMS = int64(16 + 2*i)
		e.ACME = append(e.ACME, x)
	}
	before, after := leaf(host, "379c846d983a7811", -80, 90), leaf(host, "5b7ae72635ae488b", 0, 90)
	for _, h := range []struct {
		t int64
		c report.Certificate
	}{{12, before}, {15, before}, {48, after}, {70, after}} {
		e.Handshakes = append(e.Handshakes, report.Handshake{
			TMS: h.t, Address: "127.0.0.10:443", ServerName: host,
			Protocol: "TLS 1.3 · TLS_AES_128_GCM_SHA256",
			Chain:    []report.Certificate{h.c, intermediate()},
		})
	}
	return e
}

// refused returns the evidence of an order that a CA refused, of a fault, and of
// clients that saw wrong chains.
func refused(id, host string) *report.Evidence {
	e := renewal(host)
	e.Dir, e.Capture = "evidence/"+id, "network.pcapng"
	e.Repeat = "assay run --target my-server.yaml --only " + id + " --keep --out assay-repeat"
	e.Log = append(e.Log[:2],
		`2026/11/24 09:30:01 http: TLS handshake error from 127.0.0.1:40112: acme/autocert: `+
			`unable to satisfy "https://acme.test/authz/7" for domain "`+host+`": no viable challenge`,
		`2026/11/24 09:30:01 serving the certificate that is in the cache`)
	e.LogTMS = []int64{9, 14, 43, 45}
	e.ACME = append(e.ACME[:6:6],
		report.Exchange{TMS: 28, From: "ca", To: "target", What: "connection to port 443 failed",
			Detail: "dial tcp 127.0.0.10:443: connect: connection refused"},
		report.Exchange{TMS: 31, From: "ca", To: "edge", What: "challenge tls-alpn-01 invalid",
			Detail: "urn:ietf:params:acme:error:connection Connection refused"},
		report.Exchange{TMS: 33, From: "target", To: "edge", What: "POST newOrder", Status: 500,
			Fault: "server-error"},
		report.Exchange{TMS: 35, From: "target", To: "edge", What: "POST newOrder", Status: 403,
			Detail: "urn:ietf:params:acme:error:unauthorized Renewal is refused"})
	for i := range 20 {
		e.ACME = append(e.ACME, report.Exchange{
			TMS: int64(40 + i), From: "target", To: "edge", What: "POST-as-GET authz", Status: 200})
	}
	l, mid := leaf(host, "5b7ae72635ae488b", -200, 90), intermediate()
	chains := [][]report.Certificate{
		{l},                   // the intermediate is missing
		{l, root(), mid},      // in the wrong order
		{l, mid, mid, root()}, // one twice, and the root
		{l, cert("CN=Other", "CN=Other root", "77", 10, 90)}, // another issuer's
	}
	for i, chain := range chains {
		e.Handshakes = append(e.Handshakes, report.Handshake{
			TMS: int64(80 + 9*i), Address: "127.0.0.10:443", ServerName: host,
			Protocol: "TLS 1.2 · TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Chain: chain})
	}
	e.Handshakes = append(e.Handshakes, report.Handshake{
		TMS: 130, Address: "[::1]:443", ServerName: "other.test",
		Error: "remote error: tls: unrecognized name"})
	return e
}

// failing returns a report with so many failures, and at least one result of
// every other kind.
func failing(t testing.TB, n int) *report.Report {
	r := passing(t)
	r.LeftAside = []report.LeftAside{{ID: "RES-01", Version: "< 1.4.0", Reason: "bodies are drained",
		Why: "the entry is for versions < 1.4.0, and this is 1.4.2"}}
	var must, should, may []*report.Result
	for i := range r.Results {
		switch x := &r.Results[i]; x.Level {
		case scenarios.Must:
			must = append(must, x)
		case scenarios.Should:
			should = append(should, x)
		case scenarios.May:
			may = append(may, x)
		}
	}
	step := (len(must) - 8) / max(n, 1)
	for i := range n {
		fail(must[i*step])
	}
	for i := range 3 {
		fail(should[i*4])
	}
	fail(may[0])
	tail := must[len(must)-8:]
	for i := range 3 {
		fail(tail[i])
		tail[i].Status = report.KnownFailed
		tail[i].KnownFailure = &report.Excuse{Reason: "upstream has not released the fix",
			Link: "https://example.org/issues/42", Until: "2027-06-30"}
	}
	tail[3].Status = report.UnexpectedPassed
	tail[3].Reason = "passed, but is listed as a known failure"
	tail[3].KnownFailure = &report.Excuse{Reason: "used to fail"}
	tail[4].Status, tail[4].Reason = report.Error, "the CA did not start"
	tail[5].Status, tail[5].Reason = report.Skipped, "needs BYO-08, which is not offered"
	tail[5].Evidence, tail[5].Observations = nil, nil
	tail[6].TriedTwice = "a time limit of 20 s passed while the machine was starved"
	should[len(should)-1].Observations = append(should[len(should)-1].Observations, report.Observation{
		Kind: "log", Name: report.Unannounced, Value: []any{"WRN no data source configured"}})
	for i := range r.Results {
		if x := &r.Results[i]; x.Profile == "tls-alpn-01" && x.Status == report.Passed {
			*x = report.Result{ID: x.ID, Title: x.Title, Level: x.Level, Profile: x.Profile,
				Source: x.Source, Text: x.Text, Why: x.Why, Status: report.NotClaimed,
				Reason: "the target does not claim tls-alpn-01", Unclaimed: []string{"tls-alpn-01"}}
		}
	}
	r.Conclude()
	return r
}

// fail makes a result fail, with all evidence. If it has cases, the last one
// fails, and the one before it with evidence of its own.
func fail(x *report.Result) {
	host := strings.ToLower(x.ID) + ".assay.test"
	detail := "expected  the certificate " + host + " (…8443a5)\nseen      decoy (…8dec81)\n" +
		"          x509: certificate signed by unknown authority"
	x.Status, x.Detail = report.Failed, detail
	x.Reason = "expected the certificate " + host + " (…8443a5); seen decoy (…8dec81)"
	x.Evidence = refused(x.ID, host)
	n := len(x.Cases)
	if n == 0 {
		return
	}
	last := &x.Cases[n-1]
	last.Status, last.Reason, last.Detail = report.Failed, x.Reason, detail
	x.Reason = last.Case + ": " + x.Reason
	x.Evidence.Case, x.Evidence.Dir = last.Case, "evidence/"+x.ID+"/"+last.Case
	if n > 1 {
		c := &x.Cases[n-2]
		c.Status, c.Reason, c.Detail = report.Failed, last.Reason, detail
		c.Evidence = refused(x.ID, host)
		c.Evidence.Case, c.Evidence.Dir = c.Case, "evidence/"+x.ID+"/"+c.Case
	}
	if n > 2 {
		x.Cases[0].Status, x.Cases[0].Reason = report.Skipped, "no IPv6 in this world"
	}
}

// hostileTexts lists texts that a server could write to harm a reader.
var hostileTexts = []string{
	`</script><script>attack()</script>`,
	`</style><style>*{display:none}</style><img src=x onerror=attack()>`,
	`"><svg onload=attack()>' onmouseover='attack()'`,
	`javascript:attack()`,
	"\u202egnp.exe \u2066hidden\u2069",
	"\x1b[31mred\x1b[0m\x00\x07\xff\xfe",
	"{{.Secret}} ${attack()} <!-- ]]> -->",
	strings.Repeat("W", 4000),
	strings.Repeat("é\u0301\u0489", 300),
	"../../etc/passwd\r\nSet-Cookie: a=b",
	"https://evil.test/\"onclick=\"attack()",
}

// hostile returns a report in which every text that is not a member of a fixed
// set is hostile.
func hostile(t testing.TB) *report.Report {
	r := failing(t, 30)
	results := r.Results
	r.Results = nil
	for i := 0; i < len(results); i += 3 { // all of them take long
		r.Results = append(r.Results, results[i])
	}
	i := 0
	poison(reflect.ValueOf(r).Elem(), func() string {
		i++
		return fmt.Sprintf("%s#%d ", hostileTexts[i%len(hostileTexts)], i)
	})
	return r
}

// poison replaces every text of type string.
func poison(v reflect.Value, text func() string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(text())
		}
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), text)
		}
	case reflect.Interface:
		if !v.IsNil() {
			inner := reflect.New(v.Elem().Type()).Elem()
			inner.Set(v.Elem())
			poison(inner, text)
			v.Set(inner)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), text)
		}
	}
}
