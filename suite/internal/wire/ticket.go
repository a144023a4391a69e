package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// ForeignSession returns a session that another server gave for this name, as a client
// has it that comes to a second server of the same name, or to one that has lost the keys
// of its tickets. Version is a tls.Version constant.
func ForeignSession(serverName string, version uint16) (*tls.ClientSessionState, error) {
	certificate, err := otherCertificate(serverName)
	if err != nil {
		return nil, err
	}
	given := &Session{}
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	deadline := time.Now().Add(timeout)
	if err := errors.Join(ours.SetDeadline(deadline), theirs.SetDeadline(deadline)); err != nil {
		return nil, err
	}
	go func() {
		server := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{certificate}})
		if server.Handshake() == nil {
			_, _ = server.Write([]byte{0}) // after the ticket
		}
	}()
	client := tls.Client(ours, &tls.Config{
		ServerName: serverName, InsecureSkipVerify: true, CurvePreferences: groups,
		MinVersion: version, MaxVersion: version, ClientSessionCache: given,
	})
	if _, err := client.Read(make([]byte, 1)); err != nil {
		return nil, fmt.Errorf("a session of another server: %w", err)
	}
	if given.state == nil {
		return nil, errors.New("a session of another server: found none, expected one")
	}
	return given.state, nil
}

// otherCertificate returns a certificate of the other server's own.
func otherCertificate(name string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// Retold returns a session with what tell makes of its ticket.
func Retold(
	session *tls.ClientSessionState, tell func(ticket []byte) []byte,
) (*tls.ClientSessionState, error) {
	ticket, state, err := session.ResumptionState()
	if err != nil {
		return nil, err
	}
	return tls.NewResumptionState(tell(ticket), state)
}

// A Session is a [tls.ClientSessionCache] of one session, whatever the server's name is.
type Session struct {
	mu    sync.Mutex
	state *tls.ClientSessionState
}

// NewSession returns a Session that holds a session.
func NewSession(state *tls.ClientSessionState) *Session { return &Session{state: state} }

// Get implements [tls.ClientSessionCache].
func (s *Session) Get(string) (*tls.ClientSessionState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.state != nil
}

// Put implements [tls.ClientSessionCache].
func (s *Session) Put(_ string, state *tls.ClientSessionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}
