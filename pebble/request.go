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

// paths lists where Pebble serves which resource. A path that ends in a slash is
// followed by the identifier of the resource. TestPathsAreThoseOfPebble compares the
// list with Pebble's directory.
var paths = []struct {
	path string
	kind Kind
}{
	{wfe.DirectoryPath, KindDirectory},
	{pathLetsEncryptDirectory, KindDirectory},
	{pathNonce, KindNewNonce},
	{"/sign-me-up", KindNewAccount},
	{"/my-account/", KindAccount},
	{"/order-plz", KindNewOrder},
	{pathOrder, KindOrder},
	{"/list-orderz/", KindOrders},
	{"/authZ/", KindAuthz},
	{pathChallenge, KindChallenge},
	{"/finalize-order/", KindFinalize},
	{pathCertificate, KindCertificate},
	{"/revoke-cert", KindRevokeCert},
	{"/rollover-account-key", KindKeyChange},
	{"/draft-ietf-acme-ari-03/renewalInfo", KindRenewalInfo},
}

const (
	pathNonce       = "/nonce-plz"
	pathOrder       = "/my-order/"
	pathChallenge   = "/chalZ/"
	pathCertificate = "/certZ/"
	// pathLetsEncryptDirectory is where Let's Encrypt serves its directory. The
	// edge serves Pebble's directory there too, so that the CA can stand in for
	// Let's Encrypt.
	pathLetsEncryptDirectory = "/directory"
	// pathDirectoryWithSlash is where the edge serves Pebble's directory too. Without
	// the slash at its end it is another path, at which there is nothing.
	pathDirectoryWithSlash = "/v2/directory/"
)

// exchange is a request and what the edge knows about it.
type exchange struct {
	request   *http.Request
	kind      Kind
	id        string // of the resource, from the path
	order     string // identifier of the order that the request is about
	authz     string // identifier of the authorization that the request is about
	postAsGet bool   // whether the request is a POST-as-GET (RFC 8555 §6.3)
	account   string // last segment of the kid
	nonce     string
	payload   payload

	challenge string   // type of the challenge that the request is about
	names     []string // identifiers of the authorization that the request is about

	offer []string // set by a fault: challenge types to offer instead of the edge's
}

// payload holds the fields of a request's payload that the journal records.
type payload struct {
	Contact     []string           `json:"contact"`
	TermsAgreed bool               `json:"termsOfServiceAgreed"`
	Status      string             `json:"status"`
	Identifiers []identifierObject `json:"identifiers"`
	Replaces    string             `json:"replaces"`
	Profile     string             `json:"profile"`
	NotBefore   string             `json:"notBefore"`
	NotAfter    string             `json:"notAfter"`
}

// identifierObject is an identifier object (RFC 8555 §7.1.3).
type identifierObject struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// maxBody is the number of bytes of a request's body that are read.
const maxBody = 1 << 20

// readExchange parses a request. It skips what it cannot parse, because Pebble judges
// the request. Pebble gets a copy of the request, in which the path of the directory
// is Pebble's.
func readExchange(r *http.Request) *exchange {
	switch r.URL.Path {
	case pathLetsEncryptDirectory, pathDirectoryWithSlash:
		r = r.Clone(r.Context())
		r.URL.Path = wfe.DirectoryPath
	}
	x := &exchange{request: r, kind: KindUnknown}
	for _, p := range paths {
		rest, ok := strings.CutPrefix(r.URL.Path, p.path)
		if ok && (rest == "" || strings.HasSuffix(p.path, "/") || p.kind == KindRenewalInfo) {
			x.kind, x.id = p.kind, strings.TrimPrefix(rest, "/")
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
	// RFC 8555 §6.2 allows only a flattened JWS (RFC 7515 §7.2.2).
	var jws struct{ Protected, Payload *string }
	if json.Unmarshal(body, &jws) != nil {
		return x
	}
	var protected struct{ Kid, Nonce string }
	decode(jws.Protected, &protected)
	x.account, x.nonce = lastSegment(protected.Kid), protected.Nonce
	x.postAsGet = jws.Payload != nil && *jws.Payload == ""
	decode(jws.Payload, &x.payload)
	return x
}

// decode decodes base64url JSON. It does nothing if the text is invalid.
func decode(encoded *string, into any) {
	if encoded == nil {
		return
	}
	if raw, err := base64.RawURLEncoding.DecodeString(*encoded); err == nil {
		_ = json.Unmarshal(raw, into)
	}
}

func lastSegment(url string) string { return url[strings.LastIndex(url, "/")+1:] }

// what returns the exchange's name in the journal, such as "POST newOrder".
func (x *exchange) what() string {
	method := x.request.Method
	if x.postAsGet {
		method = "POST-as-GET"
	}
	if x.kind == KindUnknown {
		return method + " " + mask(x.request.URL.Path)
	}
	return method + " " + string(x.kind)
}

// identifiers returns the identifiers that a new order asks for.
func (x *exchange) identifiers() []string {
	var names []string
	for _, i := range x.payload.Identifiers {
		names = append(names, i.Value)
	}
	return names
}

// plainSerial returns the serial number in the path of a certificate, without leading
// zeros and without the number of an alternate chain.
func plainSerial(id string) string {
	serial, _, _ := strings.Cut(id, "/")
	return strings.TrimLeft(serial, "0")
}
