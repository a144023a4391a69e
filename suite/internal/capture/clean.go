package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// challenge matches the token of an HTTP-01 challenge and the key authorization that
// answers it (RFC 8555 §8.3).
var challenge = regexp.MustCompile(
	`/acme-challenge/([A-Za-z0-9_-]{16,})|([A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{43})`)

// Blank overwrites tokens and key authorizations of challenges in packets. The
// packets keep their length, and their checksums no longer fit.
func Blank(packets []Packet) {
	for _, p := range packets {
		_, payload := stream(p)
		for _, m := range challenge.FindAllSubmatchIndex(payload, -1) {
			for i := 2; i < len(m); i += 2 {
				if m[i] >= 0 {
					copy(payload[m[i]:m[i+1]], bytes.Repeat([]byte("x"), m[i+1]-m[i]))
				}
			}
		}
	}
}

// Holds reports whether packets hold a secret in plain text: one that known lists,
// as it is written or as the bytes that it stands for, or a text in which secret
// finds one. It looks at what each side of a connection sent as a whole.
func Holds(packets []Packet, known []string, secret func(string) bool) bool {
	var names []string
	sent := map[string]*bytes.Buffer{}
	for _, p := range packets {
		name, payload := stream(p)
		if len(payload) == 0 {
			continue
		}
		if sent[name] == nil {
			sent[name] = &bytes.Buffer{}
			names = append(names, name)
		}
		sent[name].Write(payload)
	}
	raw := bytesOf(known)
	for _, name := range names {
		text := sent[name].Bytes()
		for _, x := range raw {
			if bytes.Contains(text, x) {
				return true
			}
		}
		if secret(string(text)) {
			return true
		}
	}
	return false
}

// stream names the side of a connection that sent a packet, and returns what the
// packet carries, which aliases the packet.
func stream(p Packet) (name string, payload []byte) {
	packet := gopacket.NewPacket(p.Data, layers.LayerTypeEthernet,
		gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	network, transport := packet.NetworkLayer(), packet.TransportLayer()
	if network == nil || transport == nil {
		return "", nil
	}
	return network.NetworkFlow().String() + " " + transport.TransportFlow().String(),
		transport.LayerPayload()
}

// shortestKey is the length of the shortest key of which the bytes are looked for.
const shortestKey = 24

// bytesOf returns the bytes that secrets in base64 or hexadecimal stand for.
func bytesOf(secrets []string) (all [][]byte) {
	for _, s := range secrets {
		s = strings.TrimRight(strings.TrimSpace(s), "=")
		for _, decode := range []func(string) ([]byte, error){
			hex.DecodeString, base64.RawStdEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
		} {
			if raw, err := decode(s); err == nil && len(raw) >= shortestKey {
				all = append(all, raw)
			}
		}
	}
	return all
}
