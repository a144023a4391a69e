package wire

import (
	"crypto/tls"
	"fmt"
	"maps"
	"slices"

	utls "github.com/refraction-networking/utls"
)

// A Form is the form of a ClientHello.
type Form string

// The forms that a client can have. Hybrid groups are those that are secure as long as one
// of a classical and a post-quantum key exchange is.
const (
	// Chrome is that of Chrome 133: a hybrid group and its key, names that mean nothing
	// (RFC 8701), extensions in a random order, ALPN, 1.7 kB.
	Chrome Form = "chrome"
	// Firefox is that of Firefox 120.
	Firefox Form = "firefox"
	// Retry offers the key of a group that no server knows, and the groups of others
	// without a key: the server has to ask for one (RFC 8446 §4.1.4).
	Retry Form = "retry"
	// Unknown offers a hybrid group, groups, suites and an extension that mean nothing
	// (RFC 8701) before those that every server knows. With a MaxVersion of TLS 1.2 it is a
	// hello of TLS 1.2.
	Unknown Form = "unknown"
)

// browsers maps forms to what uTLS knows them by.
var browsers = map[Form]utls.ClientHelloID{
	Chrome: utls.HelloChrome_133, Firefox: utls.HelloFirefox_120,
}

// helloSpec composes the hello.
func (c Client) helloSpec() (*utls.ClientHelloSpec, error) {
	if id, ok := browsers[c.Form]; ok {
		spec, err := utls.UTLSIdToSpec(id)
		return &spec, err
	}
	forms := append(slices.Sorted(maps.Keys(browsers)), "", Retry, Unknown)
	if !slices.Contains(forms, c.Form) {
		return nil, fmt.Errorf("the form of a hello is %q, expected one of %q", c.Form, forms)
	}
	return c.composed(), nil
}

// withoutForgottenKeys leaves out the keys whose private part uTLS does not keep: of those of
// groups that are no hybrids it keeps the first alone.
func withoutForgottenKeys(spec *utls.ClientHelloSpec) {
	for _, extension := range spec.Extensions {
		if offered, ok := extension.(*utls.KeyShareExtension); ok {
			kept := false
			offered.KeyShares = slices.DeleteFunc(offered.KeyShares, func(k utls.KeyShare) bool {
				if !slices.Contains(classical, k.Group) {
					return false
				}
				forgotten := kept
				kept = true
				return forgotten
			})
		}
	}
}

// classical are the groups that are no hybrids.
var classical = []utls.CurveID{utls.X25519, utls.CurveP256, utls.CurveP384, utls.CurveP521}

// composed composes a hello of all the versions and suites that the client may speak, and
// its signature algorithms.
func (c Client) composed() *utls.ClientHelloSpec {
	lowest, highest := c.versions()
	suites := slices.Clone(c.Suites)
	if suites == nil {
		suites = append(slices.Clone(ECDSASuites), RSASuites...)
	}
	named := c.Schemes
	if named == nil {
		named = append(slices.Clone(ECDSASchemes), RSASchemes...)
	}
	schemes := make([]utls.SignatureScheme, len(named))
	for i, scheme := range named {
		schemes[i] = utls.SignatureScheme(scheme)
	}
	groups := []utls.CurveID{utls.X25519, utls.CurveP256}
	shares := []utls.KeyShare{{Group: utls.X25519}}
	var extensions []utls.TLSExtension
	const nothing = utls.GREASE_PLACEHOLDER
	switch c.Form {
	case Retry:
		groups = append([]utls.CurveID{nothing}, groups...)
		shares = []utls.KeyShare{{Group: nothing, Data: []byte{0}}}
	case Unknown:
		groups = append([]utls.CurveID{nothing, utls.X25519MLKEM768}, groups...)
		shares = append([]utls.KeyShare{{Group: utls.X25519MLKEM768}}, shares...)
		extensions = append(extensions, &utls.UtlsGREASEExtension{})
	}
	extensions = append(extensions,
		&utls.SupportedCurvesExtension{Curves: groups},
		&utls.SupportedPointsExtension{SupportedPoints: []byte{0}}, // uncompressed
		&utls.SignatureAlgorithmsExtension{SupportedSignatureAlgorithms: schemes},
	)
	if c.ServerName != "" {
		extensions = append(extensions, &utls.SNIExtension{})
	}
	if len(c.Protocols) > 0 {
		extensions = append(extensions, &utls.ALPNExtension{AlpnProtocols: c.Protocols})
	}
	if highest >= tls.VersionTLS13 {
		suites = append([]uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384}, suites...)
		var versions []uint16
		for version := highest; version >= lowest; version-- {
			versions = append(versions, version)
		}
		extensions = append(extensions,
			&utls.SupportedVersionsExtension{Versions: versions},
			&utls.KeyShareExtension{KeyShares: shares})
	}
	if c.Form == Unknown {
		suites = append([]uint16{nothing}, suites...)
	}
	return &utls.ClientHelloSpec{
		TLSVersMin:         lowest,
		TLSVersMax:         highest,
		CipherSuites:       suites,
		CompressionMethods: []byte{0},
		Extensions:         extensions,
	}
}
