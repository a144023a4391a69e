package world

import (
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

func (w *namespace) Forward(from, to int) error {
	if from < 1 || from > 65535 || to < 1 || to > 65535 {
		return fmt.Errorf("world: forward %d to %d: expected ports from 1 to 65535", from, to)
	}
	return w.change(func() { w.forwards[from] = to })
}

func (w *namespace) Unforward(from int) error {
	return w.change(func() { delete(w.forwards, from) })
}

func (w *namespace) change(f func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	if err := w.Do(w.writeRules); err != nil {
		return fmt.Errorf("world: forward: %w", err)
	}
	return nil
}

// writeRules replaces all firewall rules of the calling thread's network
// namespace by those for w.forwards and the CA's port 443, at once. As an
// administrator would type it:
//
//	table inet assay {
//	  chain output {
//	    type nat hook output priority dstnat
//	    ip daddr 127.0.0.10 tcp dport 80 dnat to :8080
//	  }
//	}
//
// The hook is output, not prerouting, for all traffic is local. Target dnat
// keeps the address, where redirect would rewrite that as well.
func (w *namespace) writeRules() error {
	conn, err := nftables.New()
	if err != nil {
		return failed(stepNft, err)
	}
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "assay"})
	chain := conn.AddChain(&nftables.Chain{
		Table:    table,
		Name:     "output",
		Type:     nftables.ChainTypeNAT,
		Hooknum:  nftables.ChainHookOutput,
		Priority: nftables.ChainPriorityNATDest,
	})
	conn.FlushChain(chain)
	add := func(to netip.Addr, port, target int) {
		conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: dnat(to, port, target)})
	}
	add(acme4, 443, acmePort)
	for _, from := range slices.Sorted(maps.Keys(w.forwards)) {
		add(host4, from, w.forwards[from])
		if w.ipv6 {
			add(host6, from, w.forwards[from])
		}
	}
	return failed(stepNft, conn.Flush())
}

// dnat matches TCP to addr:port and sends it to port target of that address.
func dnat(addr netip.Addr, port, target int) []expr.Any {
	family, offset := byte(unix.NFPROTO_IPV4), uint32(16) // RFC 791 §3.1
	if addr.Is6() {
		family, offset = unix.NFPROTO_IPV6, 24 // RFC 8200 §3
	}
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		equals([]byte{family}),
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		equals([]byte{unix.IPPROTO_TCP}),
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: uint32(addr.BitLen() / 8)},
		equals(addr.AsSlice()),
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2}, // RFC 9293 §3.1
		equals(binary.BigEndian.AppendUint16(nil, uint16(port))),
		&expr.Immediate{Register: 1, Data: binary.BigEndian.AppendUint16(nil, uint16(target))},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_INET, RegProtoMin: 1, Specified: true},
	}
}

// equals compares register 1.
func equals(data []byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: data}
}
