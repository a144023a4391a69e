package report

import (
	"encoding/json"
	"time"
)

// CaptureFile is the name of the file with the packets of a spec's network.
const CaptureFile = "network.pcapng"

// Evidence holds what a person needs to understand and to repeat a result. It
// is not masked and never compared; secrets are redacted. Times are milliseconds
// since the spec began.
type Evidence struct {
	// Case names the row that the evidence is of; "" without a table.
	Case string `json:"case,omitempty"`
	// Dir is the directory of the files, relative to the report, with slashes. It
	// is empty if there are none, as for a result that passed.
	Dir    string   `json:"dir,omitempty"`
	Config string   `json:"config,omitempty"` // the target's configuration file
	Log    []string `json:"log,omitempty"`    // lines that the target wrote
	// LogTMS holds the time of each line of Log. It is empty if the times are
	// unknown.
	LogTMS     []int64     `json:"log_t_ms,omitempty"`
	ACME       []Exchange  `json:"acme,omitempty"`       // the journal of the CA
	Handshakes []Handshake `json:"handshakes,omitempty"` // of the suite's clients
	// Capture names the file in Dir that holds the packets of the spec's network,
	// in the format pcapng, with the keys of the suite's clients.
	Capture string `json:"capture,omitempty"`
	// CaptureLeftOut says why there is no Capture although packets were recorded.
	CaptureLeftOut string `json:"capture_left_out,omitempty"`
	// CaptureFile is the file that [Write] copies to Capture. It is not part of a
	// report.
	CaptureFile string `json:"-"`

	Repeat string `json:"repeat,omitempty"` // command that repeats the result
}

// Size returns the number of bytes of the evidence in JSON.
func (e *Evidence) Size() int {
	if e == nil {
		return 0
	}
	text, err := json.Marshal(e)
	if err != nil {
		return 0
	}
	return len(text)
}

// Handshake is one connection of a client of the suite to the target.
type Handshake struct {
	TMS        int64  `json:"t_ms"`
	Address    string `json:"address"`
	ServerName string `json:"server_name,omitempty"`
	// Protocol is the version, the cipher suite, and the protocol that ALPN
	// negotiated, if any: "TLS 1.3 · TLS_AES_128_GCM_SHA256 · h2".
	Protocol string `json:"protocol,omitempty"`
	// Error says why there was no connection; "" if there was one.
	Error string `json:"error,omitempty"`
	// Chain holds the certificates that the target sent, in their order.
	Chain []Certificate `json:"chain,omitempty"`
}

// Certificate describes one certificate of a chain.
type Certificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names,omitempty"` // DNS names and IP addresses
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Serial    string    `json:"serial"` // hexadecimal
	Key       string    `json:"key"`    // "ECDSA P-256", "RSA 2048"
	CA        bool      `json:"ca,omitempty"`
	PEM       string    `json:"pem,omitempty"`
}

// Exchange is one entry of the journal of the CA.
type Exchange struct {
	TMS    int64  `json:"t_ms"` // milliseconds since the spec began
	From   string `json:"from"`
	To     string `json:"to"`
	What   string `json:"what"` // "POST newOrder"
	Status int    `json:"status,omitempty"`
	Detail string `json:"detail,omitempty"` // type and detail of a problem document
	Fault  string `json:"fault,omitempty"`  // the fault that the edge injected
}
