package secret

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
)

// thumbprintOf returns the thumbprint of a public key (RFC 7638), the end of every
// key authorization of an account with this key; "" for a type that accounts do
// not have.
func thumbprintOf(public crypto.PublicKey) string {
	number := func(n *big.Int, size int) string {
		return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, size)))
	}
	var canonical []byte
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		size := (key.Params().BitSize + 7) / 8
		point, err := key.Bytes() // 4, x, y
		if err != nil {
			return ""
		}
		canonical, _ = json.Marshal(struct {
			Crv string `json:"crv"`
			Kty string `json:"kty"`
			X   string `json:"x"`
			Y   string `json:"y"`
		}{
			key.Params().Name, "EC",
			base64.RawURLEncoding.EncodeToString(point[1 : 1+size]),
			base64.RawURLEncoding.EncodeToString(point[1+size:]),
		})
	case *rsa.PublicKey:
		e := big.NewInt(int64(key.E))
		canonical, _ = json.Marshal(struct {
			E   string `json:"e"`
			Kty string `json:"kty"`
			N   string `json:"n"`
		}{number(e, len(e.Bytes())), "RSA", number(key.N, key.Size())})
	case ed25519.PublicKey:
		canonical, _ = json.Marshal(struct {
			Crv string `json:"crv"`
			Kty string `json:"kty"`
			X   string `json:"x"`
		}{"Ed25519", "OKP", base64.RawURLEncoding.EncodeToString(key)})
	default:
		return ""
	}
	sum := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
