package life

import (
	"fmt"
	"slices"
	"strings"
)

// An Invariant holds for every correct server at any time of its life.
type Invariant struct {
	ID   string
	Text string
	// From are the requirements of the catalogue that promise it. Their sources are its
	// sources.
	From []string
	// Claims are the chapters that a target has to claim for it.
	Claims []string
	// Each says that each of the requirements promises a part of it, and is looked up where
	// that is judged.
	Each bool
}

// The identifiers of the invariants.
const (
	invNoPlainText  = "no-plain-text"
	invOwnName      = "own-name"
	invGoodChain    = "good-chain"
	invOwnKey       = "own-key"
	invServed       = "served"
	invNoEndless    = "no-endless-wait"
	invAlive        = "alive"
	invStarts       = "starts"
	invRefusesBad   = "refuses-bad-pair"
	invTakesUp      = "takes-up"
	invBadPair      = "bad-pair-not-taken"
	invNoSecret     = "no-secret"
	invNoForgery    = "no-forged-line"
	invOnlyOwnName  = "orders-own-name"
	invFewRequests  = "few-requests"
	invFewCerts     = "few-certificates"
	invFewLines     = "few-lines"
	invBounded      = "bounded"
	invPrivateFiles = "private-files"
	invAnswers      = "answers"
	invOldVersions  = "no-old-version"
	invChallenge    = "no-challenge-certificate"
	invKeepsCache   = "keeps-its-certificate"
	invRecovers     = "recovers"
	invStops        = "stops"
	invRedirects    = "redirects"
	invOwnChallenge = "own-challenge"
	invQuiet        = "quiet"
	invTakes        = "takes-configuration"
	invRefuses      = "refuses-configuration"
	invPlain        = "plain-http"
	invTaken        = "taken-address"
	invWarns        = "warns"
	invNoAlarm      = "no-false-alarm"
	invNamesCause   = "names-the-cause"
	invProves       = "answers-challenge"
	invKeepsOpen    = "keeps-connections"
	invStored       = "stored-where-told"
	invShares       = "shares-its-cache"
)

// Invariants lists what is judged, in the order of the documentation.
var Invariants = []Invariant{
	{ID: invNoPlainText, From: []string{"RES-29", "RES-30", "BYO-04"},
		Text: "A server with TLS answers no plain HTTP request at listen_addr with a status of " +
			"2xx."},
	{ID: invOwnName, From: []string{"BYO-09", "ACME-10"},
		Text: "A client that asks for the server's name, or for none of the operator's own " +
			"pair, is served no certificate that nobody gave the server."},
	{ID: invGoodChain, From: []string{"ACME-01", "CHAIN-01", "RENEW-05"},
		Text: "A client that asks for the server's name is served no chain that it rejects, as " +
			"long as the server has a valid certificate or could have got one."},
	{ID: invOwnKey, From: []string{"BYO-31", "RES-11"},
		Text: "The key of a handshake is that of the certificate."},
	{ID: invServed, From: []string{"BYO-01", "ACME-01", "ACME-04", "RENEW-05", "RES-24"},
		Text: "A valid certificate that the server has, as its loaded pair or from its CA or in " +
			"its cache, is served to every client that can use it."},
	{ID: invNoEndless, From: []string{"RES-07", "RES-26", "RENEW-05"},
		Text: "No client waits longer than half a minute of the server's time if there is a " +
			"certificate for it, and none longer than half an hour if there is not."},
	{ID: invAlive, From: []string{"RES-05", "RES-27", "BYO-18", "CFG-20"},
		Text: "The server runs until somebody ends it."},
	{ID: invStarts, From: []string{"RES-08", "RES-22", "BYO-01", "ACME-01"},
		Text: "The server starts, with a good pair or with ACME, whatever has become of its CA " +
			"and its cache."},
	{ID: invRefusesBad, From: []string{"BYO-04", "CHAIN-03"},
		Text: "A server is not started with a pair that cannot be used."},
	{ID: invTakesUp, From: []string{"BYO-16", "BYO-31", "BYO-36"},
		Text: "A good pair is taken up, in whatever way the files were replaced, when the " +
			"server is told or by itself, as its target file says."},
	{ID: invBadPair, From: []string{"BYO-18", "CHAIN-08"},
		Text: "A bad pair does not take the place of a good one."},
	{ID: invNoSecret, From: []string{"ACME-02", "ACME-21", "BYO-24", "HTTP01-09"},
		Text: "No private key is in the log, in an answer, or in a file outside of the cache and " +
			"the pair, and no key authorization is in the log."},
	{ID: invNoForgery, From: []string{"RES-50"},
		Text: "What strangers send forges no line of the log and sends no control character to " +
			"a terminal."},
	{ID: invOnlyOwnName, From: []string{"ACME-12"},
		Text: "The server orders certificates for its own name alone."},
	{ID: invOwnChallenge, From: []string{"ACME-30", "RENEW-30"},
		Text: "The server attempts the challenge alone that it is configured for."},
	{ID: invFewRequests, From: []string{"RES-10", "RES-17", "RES-80", "ACME-08"},
		Text: "The CA gets few requests: a few for each start and each client, and one issuance " +
			"in ten minutes beside."},
	{ID: invFewCerts, From: []string{"ACME-04", "RENEW-07", "RES-31", "RES-80"},
		Text: "The CA issues no more certificates than the life of certificates, lost caches " +
			"and lasting trouble explain."},
	{ID: invFewLines, From: []string{"RES-62", "RES-80", "AUTOCERT-02"},
		Text: "The log grows by a few lines for each start and each client, and one in five " +
			"minutes beside."},
	{ID: invBounded, From: []string{"RES-62", "RES-80"}, Claims: []string{"autocert"},
		Text: "Trouble with the cache does not use up files, open files and memory."},
	{ID: invPrivateFiles, From: []string{"ACME-03"}, Claims: []string{"autocert"},
		Text: "Nobody but the owner may read the files of the cache."},
	{ID: invAnswers, From: []string{"BYO-21", "BYO-22", "ACME-15", "BYO-13"},
		Text: "A request is answered by the protocol that was negotiated."},
	{ID: invOldVersions, From: []string{"BYO-11"},
		Text: "Nothing older than TLS 1.2 is spoken."},
	{ID: invChallenge, From: []string{"ALPN01-06", "ALPN01-07"},
		Text: "The certificate of a challenge is shown to nobody but who asks for it, and " +
			"nothing is served by acme-tls/1 beside."},
	{ID: invKeepsCache, From: []string{"ACME-04", "RES-20"},
		Text: "A certificate that was served is in the cache: the next start serves it, or a " +
			"newer one."},
	{ID: invRedirects, From: []string{"HTTP01-05", "HTTP01-07"},
		Text: "A redirect of the port of HTTP-01 leads to nobody else."},
	{ID: invQuiet, From: []string{"AUTOCERT-02", "RENEW-06"}, Claims: []string{"autocert"},
		Text: "Good handshakes log nothing."},
	{ID: invTakes, Each: true, From: []string{
		"CFG-05", "CFG-22", "CFG-23", "CFG-24", "BYO-06", "BYO-07", "BYO-12", "ACME-31", "HTTP01-03",
	}, Text: "A configuration that is in order is taken, in whatever form it is written."},
	{ID: invRefuses, Each: true, From: []string{
		"CFG-02", "CFG-03", "CFG-04", "CFG-08", "CFG-09", "CFG-10", "CFG-11", "CFG-22",
	}, Text: "A configuration that is not in order is refused, and the message names what is wrong."},
	{ID: invPlain, Each: true, From: []string{"CFG-01", "CFG-20"},
		Text: "Without TLS configured, the server speaks plain HTTP, and a reload does not end it."},
	{ID: invTaken, Each: true, From: []string{"CFG-12", "HTTP01-10"},
		Text: "An address that somebody else has ends the server, and the message names it."},
	{ID: invWarns, Each: true, From: []string{"CFG-06", "CFG-07", "BYO-14", "BYO-23", "ALPN01-08"},
		Text: "The log warns of a scheme, a host, a name, a date or a port that does not suit."},
	{ID: invNoAlarm, Each: true, From: []string{"CHAIN-04", "BYO-23"},
		Text: "The log does not warn of a pair that is in order."},
	{ID: invNamesCause, Each: true, From: []string{
		"BYO-05", "BYO-19", "AUTOCERT-03", "RES-33", "RES-86", "ACME-20", "RES-34", "RES-24", "RES-25",
		"RES-61",
	}, Text: "The log says what is wrong: the file of a bad pair, what a CA says that refuses, the " +
		"URL of one that cannot be reached, the directory that cannot be written."},
	{ID: invProves, From: []string{"HTTP01-01", "HTTP01-12", "ALPN01-03", "ALPN01-09"},
		Text: "While a validation is held, the challenge is answered to everybody who asks for it, " +
			"and no longer when it is over."},
	{ID: invKeepsOpen, From: []string{"BYO-17"},
		Text: "A connection that was open before a reload lives on."},
	{ID: invStored, From: []string{"ACME-02", "CFG-05"},
		Text: "The certificate is in the directory that the configuration names."},
	{ID: invShares, From: []string{"AUTOCERT-05"}, Claims: []string{"autocert"},
		Text: "A second server over the same cache serves the certificate that is there, and " +
			"orders none."},
	{ID: invRecovers, From: []string{"RES-80", "RENEW-47", "ACME-01"},
		Text: "When everything is mended, a good certificate is served an hour or, after a " +
			"failed renewal, a day and two hours later."},
	{ID: invStops, From: []string{"RES-18", "RES-19"},
		Text: "The server ends within five seconds of its stop signal."},
}

// InvariantOf returns the invariant with an ID. One that is not known has nothing but the ID.
func InvariantOf(id string) Invariant {
	i := slices.IndexFunc(Invariants, func(v Invariant) bool { return v.ID == id })
	if i < 0 {
		return Invariant{ID: id}
	}
	return Invariants[i]
}

// Source returns the requirements that promise the invariant, as one text.
func (v Invariant) Source() string { return strings.Join(v.From, ", ") }

// Tables returns the aspects, the kinds of steps and the invariants as the tables of
// CONTRACTS.md.
func Tables() string {
	var b strings.Builder
	b.WriteString("| `with` | forms, the usual one first | promised by |\n|---|---|---|\n")
	for _, a := range aspects {
		name := "`" + a.name + "`"
		if len(a.modes) > 0 {
			name += " in " + strings.Join(a.modes, ", ")
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", name, strings.Join(a.forms, "`, `"),
			strings.Join(a.from, ", "))
	}
	b.WriteString("\n")
	b.WriteString("| `do` | `how` or `for` | what happens |\n|---|---|---|\n")
	for _, k := range kinds {
		var forms []string
		for _, how := range k.hows {
			forms = append(forms, "`"+how+"`")
		}
		for _, s := range k.spans {
			forms = append(forms, "`"+s.String()+"`")
		}
		says := strings.ToUpper(k.says[:1]) + k.says[1:] + "."
		switch len(k.modes) {
		case 1:
			says += " Only in mode `" + k.modes[0] + "`."
		case 2:
			says += " Only with a CA."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.name, strings.Join(forms, ", "), says)
	}
	b.WriteString("\n| invariant | holds | promised by |\n|---|---|---|\n")
	for _, v := range Invariants {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.ID, v.Text, v.Source())
	}
	return b.String()
}
