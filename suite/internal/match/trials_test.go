package match

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/browser"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// elsewhere lists matchers that no trial holds, with what shows that they can fail.
var elsewhere = map[string]string{
	"BeAlive":       "needs a process; known-bad servers such as reload-error-is-fatal",
	"EndInError":    "needs a process; known-bad servers such as taken-port-only-logged",
	"NeverRunOut":   "TestSchedule",
	"SpaceAttempts": "TestSchedule",
	"RecoverWithin": "TestSchedule",
	"StayReadable":  "TestStayReadable",
}

// TestEveryMatcherIsTried checks that each matcher of the package has a trial, so that
// one that accepts everything is noticed.
func TestEveryMatcherIsTried(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	var matchers []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			tests.Write(text)
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			result, ok := f.Type.Results.List[0].Type.(*ast.SelectorExpr)
			if ok && result.Sel.Name == "GomegaMatcher" {
				matchers = append(matchers, f.Name.Name)
			}
		}
	}
	for _, name := range matchers {
		if elsewhere[name] == "" && !strings.Contains(tests.String(), ", "+name+"(") {
			t.Errorf("%s: found no trial, expected a value that it accepts and one that it refuses", name)
		}
	}
	if len(matchers) < 70 {
		t.Errorf("found %d matchers, expected all of the package", len(matchers))
	}
}

func ofJournals(id *pki.Identity) []trial {
	of := pebble.JournalOf
	const name = "a.test"
	validation := func(challenge, verdict string) pebble.Entry {
		return pebble.Entry{
			From: "ca", To: "edge", Kind: pebble.KindValidation, Challenge: challenge, Order: "o",
			What: "challenge " + challenge + " " + verdict, Identifiers: []string{name},
		}
	}
	perspective := func(from, verdict string) pebble.Entry {
		return pebble.Entry{
			Kind: pebble.KindPerspective, Challenge: "http-01", Order: "o", Perspective: from,
			State: verdict,
		}
	}
	http01, alpn01 := validation("http-01", "valid"), validation("tls-alpn-01", "valid")
	refused := validation("http-01", "invalid")
	request := func(kind pebble.Kind, account string) pebble.Entry {
		return pebble.Entry{
			From: "target", To: "edge", What: "POST " + string(kind), Kind: kind, Account: account,
			Status: http.StatusCreated, TermsAgreed: true, Contact: []string{"mailto:a@a.test"},
		}
	}
	account, order := request(pebble.KindNewAccount, "1"), request(pebble.KindNewOrder, "1")
	issued := pebble.Entry{Kind: pebble.KindIssued, What: "certificate issued"}
	issuedECDSA, issuedRSA := issued, issued
	issuedECDSA.KeyAlgorithm, issuedRSA.KeyAlgorithm = "ECDSA", "RSA"
	orderFor := func(name string) pebble.Entry {
		entry := order
		entry.Identifiers = []string{name}
		return entry
	}
	fault := order
	fault.Fault = "429"
	silent := account
	silent.TermsAgreed = false
	return []trial{
		{"validated", HaveValidated("http-01", name), of(http01), of(alpn01), "tls-alpn-01"},
		{"validated by both", HaveValidated("http-01", name), of(refused, http01), of(http01, alpn01),
			"tls-alpn-01"},
		{"validated for another", HaveValidated("http-01", "b.test"),
			of(pebble.Entry{Kind: pebble.KindValidation, Challenge: "http-01",
				What: "challenge http-01 valid", Identifiers: []string{"b.test"}}),
			of(http01), name},
		{"perspectives", HaveAnsweredPerspectives("http-01", 2),
			of(perspective("1", "valid"), perspective("2", "valid"), http01),
			of(perspective("1", "valid"), perspective("2", "invalid"), http01), "for 1 of 2"},
		{"attempted", HaveAttemptedOnly("http-01"), of(refused), of(refused, alpn01), "tls-alpn-01"},
		{"attempted nothing", HaveAttemptedOnly("http-01"), of(http01), of(order), "no validation"},
		{"no failed validation", HaveNoFailedValidation(), of(http01), of(http01, refused), "invalid"},
		{"issued", HaveIssued(1), of(issued), of(issued, issued), "2\n"},
		{"ordered", HaveOrdered(1), of(order), of(account), "0\n"},
		{"issued of each key", HaveIssuedOfEachKey(1), of(issued, issuedRSA), of(issued, issued),
			"2\n"},
		{"issued of any key", HaveIssuedOfEachKey(1), of(issued), of(order), "0"},
		{"issued like", HaveIssuedLike(id.Leaf, 1), of(issuedECDSA, issuedRSA),
			of(issuedECDSA, issuedECDSA), "2\n"},
		{"issued each order", HaveIssuedEachOrder(), of(order, issued), of(order, order, issued),
			"2 orders and 1 certificate"},
		{"ordered only", HaveOrderedOnly(name), of(orderFor(name)),
			of(orderFor(name), orderFor("b.test")), "b.test"},
		{"injected", HaveInjected(1), of(order, fault), of(order, order), "newOrder"},
		{"one account", HaveOneAccount(), of(account, order),
			of(account, order, request(pebble.KindNewAccount, "2")), "2 made"},
		{"order of another account", HaveOneAccount(), of(account, order),
			of(account, request(pebble.KindNewOrder, "2")), "[1 2]"},
		{"registered", HaveRegistered([]string{"mailto:a@a.test"}), of(account), of(silent),
			"agreed: false"},
		{"registered contact", HaveRegistered([]string{"mailto:a@a.test"}), of(account),
			of(pebble.Entry{Kind: pebble.KindNewAccount, Status: 201, TermsAgreed: true}), "contact []"},
		{"nothing issued", HaveIssuedNothingWithin(1, 1), of(refused, order), of(issued),
			"1 certificate"},
		{"too many validations", HaveIssuedNothingWithin(1, 1), of(refused), of(refused, refused),
			"2 failed validations"},
		{"ordered at most", HaveOrderedAtMost(1), of(order), of(order, order), "2\n"},
		{"asked at most", HaveAskedAtMost(pebble.KindNewAccount, 1), of(account, order, order),
			of(account, account), "2\n"},
		{"asked at most for a state", HaveAskedAtMostFor("invalid", 1),
			of(pebble.Entry{Kind: pebble.KindOrder, Order: "1", State: "invalid"},
				pebble.Entry{Kind: pebble.KindOrder, Order: "1", State: "pending"},
				pebble.Entry{Kind: pebble.KindOrder, Order: "2", State: "invalid"}),
			of(pebble.Entry{Kind: pebble.KindOrder, Order: "1", State: "invalid"},
				pebble.Entry{Kind: pebble.KindOrder, Order: "1", State: "invalid"}), "2\n"},
		{"issued at most", HaveIssuedAtMost(1), of(issued), of(issued, issued), "2\n"},
		{"failed at most", HaveFailedAtMost(1), of(refused, http01), of(refused, refused), "2\n"},
		{"ordered nothing", HaveOrderedNothing(), of(account), of(account, order), "newOrder"},
		{"requested at most", HaveRequestedAtMost(1), of(order, issued), of(account, order), "2\n"},
		{"waited", HaveWaited(pebble.KindNewOrder, time.Minute),
			of(order, pebble.Entry{Kind: pebble.KindNewOrder, T: time.Hour}),
			of(order, pebble.Entry{Kind: pebble.KindNewOrder, T: time.Second}), "after 1s"},
	}
}

func ofHandshakes(t *testing.T, id, other *pki.Identity) []trial {
	saw := func(chain ...*x509.Certificate) *wire.Handshake {
		return &wire.Handshake{Client: wire.Client{ServerName: "a.test"}, Chain: chain}
	}
	chose := func(protocol string) *wire.Handshake {
		return &wire.Handshake{State: tls.ConnectionState{NegotiatedProtocol: protocol}}
	}
	failed := func(err error) *wire.Handshake { return &wire.Handshake{Err: err} }
	took := func(d time.Duration) *wire.Handshake {
		h := saw(id.Chain()...)
		h.Took = d
		return h
	}
	alert, odd := failed(tls.AlertError(40)), failed(errors.New("first record is no TLS"))
	unusual, err := pki.New(pki.Spec{Names: []string{"a.test"}, Key: pki.Ed25519})
	if err != nil {
		t.Fatal(err)
	}
	self, err := pki.New(pki.Spec{Names: []string{"a.test"}, SelfSigned: true})
	if err != nil {
		t.Fatal(err)
	}
	challenge := func(octets int, critical bool) *wire.Handshake {
		value, err := asn1.Marshal(make([]byte, octets))
		if err != nil {
			t.Fatal(err)
		}
		return saw(&x509.Certificate{Extensions: []pkix.Extension{
			{Id: acmeIdentifier, Critical: critical, Value: value},
		}})
	}
	several := func(all ...*wire.Handshake) []*wire.Handshake { return all }
	file := id.Chain()
	return []trial{
		{"complete", Complete(), saw(id.Leaf), alert, "TLS alert 40"},
		{"complete in time", CompleteWithin(time.Second), took(time.Second), took(time.Minute), "1m0s"},
		{"seen only", HaveSeenOnly(other.Leaf, id.Root), several(saw(other.Leaf), saw(file...)),
			several(saw(other.Leaf), saw(file...), alert), "alert 40"},
		{"seen the old one alone", HaveSeenOnly(other.Leaf, id.Root),
			several(saw(other.Leaf), saw(file...)), several(saw(other.Leaf)), "0 with one of the CA"},
		{"certificates of a file", ServeCertificatesOf(file), saw(id.Leaf),
			saw(id.Leaf, other.Root), "another place in the file"},
		{"the first of a file", ServeCertificatesOf(file), saw(file...), saw(file[1]),
			file[1].Subject.CommonName},
		{"whole chain of a file", ServeWholeChainOf(file, id.Root), saw(file...), saw(id.Leaf),
			"this certificate alone"},
		{"alert", EndInAlert(), alert, odd, "no TLS"},
		{"protocol", Negotiate("h2"), chose("h2"), chose("http/1.1"), `protocol "http/1.1"`},
		{"no protocol", Negotiate(""), chose(""), chose("h2"), `protocol "h2"`},
		{"protocol or none", NegotiateAtMost("h2"), chose(""), chose("http/1.1"), "http/1.1"},
		{"TLS", AnswerInTLS(), alert, odd, "no TLS"},
		{"challenge certificate", HaveACMEIdentifier(), challenge(sha256.Size, true),
			challenge(sha256.Size, false), "critical: false"},
		{"challenge of another length", HaveACMEIdentifier(), challenge(sha256.Size, true),
			challenge(20, true), "critical: true"},
		{"ordinary certificate", HaveACMEIdentifier(), challenge(sha256.Size, true), saw(id.Leaf),
			"no acmeIdentifier"},
		{"served or refused", BeServedOrRefused(id.Root), alert, saw(other.Chain()...),
			"unknown authority"},
		{"acceptable key", HaveAcceptableKey(), saw(id.Leaf), saw(unusual.Leaf), "Ed25519"},
		{"refused", BeRefused(), saw(self.Leaf), saw(id.Leaf), id.Leaf.Subject.CommonName},
		{"kept waiting", BeRefused(), failed(context.DeadlineExceeded), odd, "no TLS"},
		{"end in time", EndWithoutWait(time.Second), took(time.Second), took(time.Minute), "1m0s"},
	}
}

func ofResponses(id *pki.Identity) []trial {
	said := func(status int, body string) *wire.Response {
		return &wire.Response{Status: status, Body: body}
	}
	lost := &wire.Response{Err: errors.New("the connection was reset")}
	late := &wire.Response{Status: 200, Took: time.Minute}
	key := strings.Repeat("t", 43) + "." + strings.Repeat("p", 43)
	dated := browser.Visit{
		Security: "secure", From: id.Leaf.NotBefore.UTC(), To: id.Leaf.NotAfter.UTC(),
	}
	odd := dated
	odd.Security = "insecure"
	return []trial{
		{"status", HaveStatus(200, 204), said(204, ""), said(404, ""), "404"},
		{"answer", Answer(), said(404, ""), lost, "reset"},
		{"answer in time", AnswerWithin(time.Second), said(200, ""), late, "1m0s"},
		{"plain HTTP", AnswerPlainHTTP(), said(404, ""), said(400, "HTTP to HTTPS"), "400"},
		{"healthy", BeHealthy(), said(302, ""), said(500, ""), "500"},
		{"served", BeServed(), said(204, ""), said(302, ""), "302"},
		{"key authorization", ServeKeyAuthorization("/x/token"), said(200, "token.print\n"),
			said(200, "other.print"), "with the token: false"},
		{"withheld", Withhold("public not"), said(200, "page"), said(404, "is public not"),
			"with status 404"},
		{"redirect to https", BeRedirect(), response(302, "https://a.test/"),
			response(302, "http://a.test/"), "http://a.test/"},
		{"body", HaveBodyLine("ok"), said(200, "ok\n"), said(200, "okay"), "okay"},
		{"the same", ShowTheSameAs(said(200, "page")), said(200, "page"), said(200, "other"), "other"},
		{"no secret", HoldNoSecret(), said(200, "page\n"+key+"\n"),
			said(200, "page\n-----BEGIN PRIVATE KEY-----"), "200 page"},
		{"no certificate", HoldNoSecret(), said(200, "page"),
			said(200, "-----BEGIN CERTIFICATE-----"), "BEGIN CERTIFICATE"},
		{"none of the secrets", ContainNoneOf([]string{"s3cret"}), said(200, "page"),
			said(200, "s3cret"), "a secret in the answer"},
		{"dates", ShowDates(id.Leaf), dated, odd, "insecure"},
		{"refused by a browser", BeRefusedByBrowser(),
			browser.Visit{Refused: "net::ERR_CERT_AUTHORITY_INVALID"},
			browser.Visit{Refused: "net::ERR_CONNECTION_REFUSED"}, "CONNECTION_REFUSED"},
		{"refused in time", RefuseBefore(10 << 20), int64(1 << 20), int64(10 << 20), "10.0 MiB"},
		{"connected", HaveConnected("127.0.0.1:1"), nil, errors.New("refused"), "refused"},
		{"listener", ListenAtPort(80), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:80")},
			[]netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:8080")}, "8080"},
		{"end", EndWithin(time.Second), sut.Ending{Took: time.Second}, sut.Ending{Took: time.Minute},
			"1m"},
		{"output", Print("a"), "a", "b", "b"},
	}
}

func ofFiles(t *testing.T, id, other *pki.Identity) []trial {
	dir := t.TempDir()
	file := func(name string, mode os.FileMode, text []byte) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, text, mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := file("open", 0o644, other.ChainPEM())
	closed := file("closed", 0o600, append([]byte("text\n"), id.ChainPEM()...))
	return []trial{
		{"files", HoldFiles(), dir, t.TempDir(), "holds []"},
		{"mode", HaveMode(0o600), closed, open, "0644"},
		{"certificate in a file", HoldCertificate(id.Leaf), closed, open,
			other.Leaf.Subject.CommonName},
		{"private", BePrivate(), closed, open, "mode 0644"},
		{"stored", BeStored(), StorageState{Stored: true}, StorageState{Logged: true}, "no file"},
		{"stored or logged", BeStoredOrLogged(dir), StorageState{Logged: true},
			StorageState{Log: "quiet"}, "quiet"},
		{"bounded log", StayBounded(), Growth{Lines: 6, Refused: 1}, Growth{Lines: 7, Refused: 1},
			"7 new log lines"},
		{"bounded files", StayBounded(), Growth{Files: 2}, Growth{Files: 3}, "3 further files"},
		{"bounded descriptors", StayBounded(), Growth{Descriptors: 10}, Growth{Descriptors: 11},
			"11 further open files"},
		{"bounded memory", StayBounded(), Growth{Memory: 48 << 20}, Growth{Memory: 49 << 20},
			"49 MB"},
		{"few lines", GrowAtMost(1), Growth{Lines: 1}, Growth{Lines: 2}, "2 further log lines"},
	}
}

func ofLogs() []trial {
	lines := func(texts ...string) (all []sut.Line) {
		for _, text := range texts {
			all = append(all, sut.Line{Stream: sut.Stderr, Text: text})
		}
		return all
	}
	control := lines("INFO listening", "WARN the port is unusual")
	return []trial{
		{"nothing between", LogNothingBetween("begin", "end", lines("idle key"), "key"),
			lines("key", "begin", "idle key", "end", "key"), lines("begin", "a key", "end"), "a key"},
		{"the entry at the beginning", LogNothingBetween("begin", "end", nil, "key"),
			lines("begin", "\tat the key", "Caused by: key.Error", "... 2 more", "end"),
			lines("begin", "idle", "\tat the key", "end"), "at the key"},
		{"no end", LogNothingBetween("begin", "end", nil, "key"), lines("begin", "end"),
			lines("begin"), "no line with end"},
		{"a warning unlike", WarnUnlike(control, "chain"), lines("WARN the chain is short"),
			lines("WARN the port is unusual"), "0 lines that the control did not log"},
		{"a warning about something else", WarnUnlike(control, "chain"),
			lines("WARN the chain is short"), lines("WARN the disk is full"), "the disk is full"},
		{"no alarm", RaiseNoAlarm(control), lines("WARN the port is unusual", "INFO ready"),
			lines("WARN the chain is short"), "the chain is short"},
		{"no alarm under another name",
			RaiseNoAlarm(lines("WARN host amber is old"), lines("WARN host birch is old")),
			lines("WARN host cedar is old"), lines("WARN host cedar is bad"), "cedar is bad"},
		{"once", LogOnce("chain"), lines("the chain", "the port"), lines("the chain", "the chain"),
			"2\n"},
		{"not at all", LogOnce("chain"), lines("the chain"), lines("the port"), "seen      0"},
		{"no mention", MentionNone("chain"), lines("the port"), lines("the Chain"), "the Chain"},
		{"no secret in a log", LogNone([]string{"s3cret"}), lines("a line"), lines("key s3cret"),
			"key [secret]"},
		{"a public text", LogNone([]string{"s3cret"}, "s3cret.pem"), lines("s3cret.pem"),
			lines("s3cret"), "[secret]"},
	}
}

func ofRefusals() []trial {
	good := Refusal{Exited: true, ExitCode: 1, Log: "config.yaml:3: cert 2 is bad", Stderr: "cert 2",
		Complaints: []string{"config.yaml:3: cert 2 is bad"}, StderrComplaints: []string{"cert 2 is bad"}}
	changed := func(change func(*Refusal)) *Refusal {
		r := good
		change(&r)
		return &r
	}
	elsewhere := changed(func(r *Refusal) {
		r.Log, r.Complaints = "config.yaml:13: cert 12", []string{"config.yaml:13: cert 12"}
		r.StderrComplaints = nil
	})
	open := changed(func(r *Refusal) { r.Listening = true })
	return []trial{
		{"a certificate's place", BeRefusalNamingCertificate([]string{"leaf"}, []int{2}), &good,
			elsewhere, "cert 12"},
		{"a certificate's name", BeRefusalNamingCertificate([]string{"is bad"}, nil), &good, elsewhere,
			"cert 12"},
		{"a certificate, listening", BeRefusalNamingCertificate([]string{"bad"}, nil), &good, open,
			"opened a listener"},
		{"a line", BeRefusalOfLine(3), &good, elsewhere, ":13:"},
		{"one of some words", BeRefusalNamingOneOf("key", "bad"), &good, elsewhere, "cert 12"},
		{"one word, listening", BeRefusalNamingOneOf("bad"), &good, open, "opened a listener"},
		{"standard error", SpeakOnStderr("bad"), &good, elsewhere, "on standard error"},
		{"no key shown", ShowNoSecret([]string{"s3cret"}), &good,
			changed(func(r *Refusal) { r.Log = "the key s3cret" }), "the key [secret]"},
	}
}
