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

	"assay/suite/internal/limits"
)

// Forward implements [World].
func (w *namespace) Forward(from, to int) error {
	if from < 1 || from > 65535 || to < 1 || to > 65535 {
		return fmt.Errorf("world: forward %d to %d: expected ports from 1 to 65535", from, to)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, replaces := w.forwards[from]
	w.forwards[from] = to
	if replaces {
		return w.replaceRules()
	}
	return w.firewall(func(r *rules) { r.forward(from, to, w.ipv6) })
}

// Unforward implements [World].
func (w *namespace) Unforward(from int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.forwards[from]; !ok {
		return nil
	}
	delete(w.forwards, from)
	return w.replaceRules()
}

// replaceRules replaces all rules in one step. The kernel then waits some
// milliseconds for readers of the old rules, so Forward adds a rule without it.
func (w *namespace) replaceRules() error {
	return w.firewall(func(r *rules) {
		r.conn.FlushChain(r.chain)
		r.addCARule()
		for _, from := range slices.Sorted(maps.Keys(w.forwards)) {
			r.forward(from, w.forwards[from], w.ipv6)
		}
	})
}

func (w *namespace) firewall(change func(*rules)) error {
	if err := w.Do(func() error { return changeRules(change) }); err != nil {
		return fmt.Errorf("world: forward: %w", err)
	}
	return nil
}

// boundPackets bounds the packets that are sent in the calling thread's network
// namespace. The kernel delivers a packet of the loopback interface at once, and counts
// the time for it as nobody's: a target that sends without end would keep every other
// process of the machine from running. Packets beyond the bound are dropped before the
// kernel does more with them. TCP sends them again.
//
// An administrator would write the table as:
//
//	table inet assay-packets {
//	  chain output {
//	    type filter hook output priority raw
//	    meta l4proto tcp limit rate over 20000/second burst 100000 packets drop
//	    meta l4proto != tcp limit rate over 4000/second burst 8000 packets drop
//	  }
//	}
//
// Where the kernel has no such rules there is no bound: only hostile servers come near it.
func boundPackets() {
	conn, err := nftables.New()
	if err != nil {
		return
	}
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "assay-packets"})
	chain := conn.AddChain(&nftables.Chain{
		Table:    table,
		Name:     "output",
		Type:     nftables.ChainTypeFilter,
		Hooknum:  nftables.ChainHookOutput,
		Priority: nftables.ChainPriorityRaw,
	})
	add := func(op expr.CmpOp, rate, burst int) {
		conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
			&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
			&expr.Cmp{Op: op, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
			&expr.Limit{
				Type: expr.LimitTypePkts, Unit: expr.LimitTimeSecond, Over: true,
				Rate: uint64(rate), Burst: uint32(burst),
			},
			&expr.Verdict{Kind: expr.VerdictDrop},
		}})
	}
	add(expr.CmpOpEq, limits.PacketRate, limits.PacketsAtOnce)
	add(expr.CmpOpNeq, limits.DatagramRate, limits.DatagramsAtOnce)
	_ = conn.Flush()
}

// createRules creates the table with the CA's rule.
func createRules() error {
	return changeRules(func(r *rules) {
		r.conn.AddTable(r.chain.Table)
		r.conn.AddChain(r.chain)
		r.addCARule()
	})
}

// rules collects changes to a network namespace's firewall. All of them take
// effect in one step. An administrator would write the table as:
//
//	table inet assay {
//	  chain output {
//	    type nat hook output priority dstnat
//	    ip daddr 127.0.0.10 tcp dport 80 dnat to :8080
//	  }
//	}
//
// The hook is output, not prerouting, because all traffic is local. The target is
// dnat, because redirect would change the address too.
type rules struct {
	conn  *nftables.Conn
	chain *nftables.Chain
}

// changeRules changes the rules of the calling thread's network namespace.
func changeRules(change func(*rules)) error {
	conn, err := nftables.New()
	if err != nil {
		return stepError(stepNft, err)
	}
	change(&rules{conn, &nftables.Chain{
		Table:    &nftables.Table{Family: nftables.TableFamilyINet, Name: "assay"},
		Name:     "output",
		Type:     nftables.ChainTypeNAT,
		Hooknum:  nftables.ChainHookOutput,
		Priority: nftables.ChainPriorityNATDest,
	}})
	return stepError(stepNft, conn.Flush())
}

// addCARule forwards port 443 of the CA's address to its endpoint. The endpoint
// does not listen on port 443 itself, because a target may do so on all
// addresses.
func (r *rules) addCARule() { r.add(acme4, 443, acmePort) }

func (r *rules) forward(from, to int, ipv6 bool) {
	r.add(host4, from, to)
	if ipv6 {
		r.add(host6, from, to)
	}
}

func (r *rules) add(addr netip.Addr, port, target int) {
	r.conn.AddRule(&nftables.Rule{
		Table: r.chain.Table, Chain: r.chain, Exprs: dnat(addr, port, target),
	})
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
		&expr.Payload{
			DestRegister: 1, Base: expr.PayloadBaseNetworkHeader,
			Offset: offset, Len: uint32(addr.BitLen() / 8),
		},
		equals(addr.AsSlice()),
		&expr.Payload{
			DestRegister: 1, Base: expr.PayloadBaseTransportHeader,
			Offset: 2, Len: 2, // the destination port, RFC 9293 §3.1
		},
		equals(binary.BigEndian.AppendUint16(nil, uint16(port))),
		&expr.Immediate{Register: 1, Data: binary.BigEndian.AppendUint16(nil, uint16(target))},
		&expr.NAT{
			Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_INET,
			RegProtoMin: 1, Specified: true,
		},
	}
}

// equals compares register 1 with data.
func equals(data []byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: data}
}
