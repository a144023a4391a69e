package harness

import (
	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/wire"
)

// RawServerName sends this server name as it is (RFC 6066 §3), whatever bytes are
// in it.
func RawServerName(name string) ClientOption {
	return func(c *wire.Client) { c.ServerName, c.AnyServerName = name, true }
}

// SendFields sends a request with these header fields by HTTP/2. It skips the case
// if the server does not speak HTTP/2.
func (e *Env) SendFields(address string, fields []wire.Field) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	if err := wire.SendFields(ctx, e.World.Dial, address, e.Hostname, fields); err != nil {
		e.SkipUnless(false, "the server does not speak HTTP/2: "+err.Error())
	}
}

// SendBytes sends bytes to an address, without TLS, and waits until the server has
// answered or has ended the connection.
func (e *Env) SendBytes(address string, text []byte) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience / 4)
	defer cancel()
	_ = wire.SendBytes(ctx, e.World.Dial, address, text)
}
