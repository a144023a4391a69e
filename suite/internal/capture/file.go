package capture

import (
	"bytes"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// File returns packets as a pcapng file. A Decryption Secrets Block before them holds
// the keys of TLS connections. dropped says how many packets are missing.
func File(packets []Packet, keys []byte, dropped int) ([]byte, error) {
	var file bytes.Buffer
	section := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "assay"}}
	w, err := pcapgo.NewNgWriterInterface(&file, pcapgo.NgInterface{
		Name: "lo", LinkType: layers.LinkTypeEthernet, TimestampResolution: 9,
	}, section)
	if err != nil {
		return nil, err
	}
	if len(keys) > 0 {
		if err := w.WriteDecryptionSecretsBlock(pcapgo.DSB_SECRETS_TYPE_TLS, keys); err != nil {
			return nil, err
		}
	}
	last := time.Time{}
	for _, p := range packets {
		last = p.At
		err := w.WritePacket(gopacket.CaptureInfo{
			Timestamp: p.At, CaptureLength: len(p.Data), Length: len(p.Data),
		}, p.Data)
		if err != nil {
			return nil, err
		}
	}
	if !last.IsZero() {
		err := w.WriteInterfaceStats(0, pcapgo.NgInterfaceStatistics{
			LastUpdate: last, PacketsReceived: uint64(len(packets) + dropped),
			PacketsDropped: uint64(dropped),
		})
		if err != nil {
			return nil, err
		}
	}
	err = w.Flush()
	return file.Bytes(), err
}
