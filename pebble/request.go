package pebble

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/letsencrypt/pebble/v2/wfe"
)

// Where Pebble serves which resource. A path that ends in a slash is followed
// by the resource's identifier. TestPathsAreThoseOfPebble keeps the list true.
var paths = []struct {
	path string
	kind Kind
}{
	{wfe.DirectoryPath, KindDirectory},
	{pathNonce, KindNewNonce},
	{"/sign-me-up", KindNewAccount},
	{"/my-account/", KindAccount},
	{"/order-plz", KindNewOrder},
	{pathOrder, KindOrder},
	{"/list-orderz/", KindOrders},
	{"/authZ/", KindAuthz},
	{"/chalZ/", KindChallenge},
	{"/finalize-order/", KindFinalize},
	{"/certZ/", KindCertificate},
	{"/revoke-cert", KindRevokeCert},
	{"/rollover-account-key", KindKeyChange},
	{"/draft-ietf-acme-ari-03/renewalInfo", KindRenewalInfo},
}

const (
	pathNonce = "/nonce-plz"
	pathOrder = "/my-order/"
)

// An exchange is a request with what the edge must know of it.
type exchange struct {
	request *http.Request
	kind    Kind
	id      string // of the resource, from the path
	order   string // identifier of the order that the request is about
	authz   string // of the authorization
	get     bool   // a POST-as-GET (RFC 8555 §6.3)
	account string // the end of the kid
	payload payload

	challenge string   // type of the challenge that the request is about
	names     []string // identifiers of the authorization that it is about
}

// payload is as much of a request's payload as the journal tells.
type payload struct {
	Contact     []string   `json:"contact"`
	TermsAgreed bool       `json:"termsOfServiceAgreed"`
	Status      string     `json:"status"`
	Identifiers []identity `json:"identifiers"`
}

// identity is an identifier object (RFC 8555 §7.1.3).
type identity struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// maxBody bounds what is read of a request.
const maxBody = 1 << 20

// readExchange takes a request apart and leaves it as it was. What it cannot
// read it leaves out: judging requests is Pebble's part.
func readExchange(r *http.Request) *exchange {
	x := &exchange{request: r, kind: KindUnknown}
	for _, p := range paths {
		if rest, ok := strings.CutPrefix(r.URL.Path, p.path); ok && (rest == "" || strings.HasSuffix(p.path, "/") || p.kind == KindRenewalInfo) {
			x.kind, x.id = p.kind, rest
			break
		}
	}
	if r.Method != http.MethodPost || r.Body == nil {
		return x
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return x
	}
	// A flattened JWS (RFC 7515 §7.2.2), the only form that RFC 8555 §6.2 has.
	var jws struct{ Protected, Payload *string }
	if json.Unmarshal(body, &jws) != nil {
		return x
	}
	var protected struct{ Kid string }
	decode(jws.Protected, &protected)
	x.account = lastSegment(protected.Kid)
	x.get = jws.Payload != nil && *jws.Payload == ""
	decode(jws.Payload, &x.payload)
	return x
}

// decode reads base64url JSON, as far as it is that.
func decode(encoded *string, into any) {
	if encoded == nil {
		return
	}
	if raw, err := base64.RawURLEncoding.DecodeString(*encoded); err == nil {
		_ = json.Unmarshal(raw, into)
	}
}

func lastSegment(url string) string { return url[strings.LastIndex(url, "/")+1:] }

// what names the exchange in the journal.
func (x *exchange) what() string {
	method := x.request.Method
	if x.get {
		method = "POST-as-GET"
	}
	if x.kind == KindUnknown {
		return method + " " + mask(x.request.URL.Path)
	}
	return method + " " + string(x.kind)
}

// identifiers are those that a new order asks for.
func (x *exchange) identifiers() []string {
	var names []string
	for _, i := range x.payload.Identifiers {
		names = append(names, i.Value)
	}
	return names
}

// plainSerial is the serial number in a certificate's path, without leading
// zeros and without what asks for an alternate chain.
func plainSerial(id string) string {
	serial, _, _ := strings.Cut(id, "/")
	return strings.TrimLeft(serial, "0")
}
