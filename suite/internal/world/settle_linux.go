package world

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// resolverFiles make the system's own resolvers ask the spec's name server,
// and nothing else.
var resolverFiles = map[string]string{
	"/etc/resolv.conf":   "nameserver 127.0.0.53\noptions timeout:5 attempts:3\n",
	"/etc/hosts":         "127.0.0.1 localhost\n::1 localhost\n",
	"/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n",
}

// settle sets up the namespaces into which this process was cloned: nothing
// outside is changed by it. It fills in p.Scratch.
func settle(p *plan) error {
	dir, err := os.Getwd()
	if err != nil {
		return failed("find the working directory", err)
	}
	if err := settleMounts(*p); err != nil {
		return err
	}
	p.Scratch = filepath.Join(p.Tmpfs, "assay")
	if err := os.Mkdir(p.Scratch, 0o700); err != nil {
		return failed("make the run's directory", err)
	}
	// The working directory may be below one of the new mounts.
	if err := os.Chdir(dir); err != nil {
		return failed("enter the working directory again", err)
	}
	return settleNetwork()
}

func settleMounts(p plan) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return failed("make mounts private", err)
	}
	writable := []string{p.Tmpfs, "/proc"}
	for _, dir := range p.Writable {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return failed("find writable directory", err)
		}
		if err := unix.Mount(real, real, "", unix.MS_BIND, ""); err != nil {
			return failed("keep "+dir+" writable", err)
		}
		writable = append(writable, real)
	}
	if err := unix.Mount("assay", p.Tmpfs, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0700"); err != nil {
		return failed("mount a tmpfs", err)
	}
	if p.PIDs {
		if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return failed(stepProc, err)
		}
	}
	if err := coverResolver(p.Tmpfs); err != nil {
		return err
	}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return failed("make the file tree read-only", err)
	}
	for _, dir := range writable {
		if err := unix.MountSetattr(unix.AT_FDCWD, dir, 0, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}); err != nil {
			return failed("make "+dir+" writable", err)
		}
	}
	return nil
}

// coverResolver binds files of ours over those of the machine. What the
// machine lacks it keeps lacking: there is no place to bind to.
func coverResolver(tmpfs string) error {
	dir := filepath.Join(tmpfs, "etc")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return failed("make room for resolver files", err)
	}
	for path, text := range resolverFiles {
		real, err := filepath.EvalSymlinks(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return failed("find "+path, err)
		}
		ours := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(ours, []byte(text), 0o644); err != nil {
			return failed("write "+path, err)
		}
		if err := unix.Mount(ours, real, "", unix.MS_BIND, ""); err != nil {
			return failed("cover "+path, err)
		}
	}
	return nil
}

// homeNet holds the addresses at home: every one of it is local there. It is
// a unique local prefix (RFC 4193) and never leaves the machine.
var homeNet = netip.MustParsePrefix("fd00:a55a::/64")

// settleNetwork makes the home network: loopback alone.
func settleNetwork() error {
	if err := loopbackUp(); err != nil {
		return err
	}
	if !hasIPv6() {
		return nil
	}
	return addLocal(homeNet)
}

// addLocal makes all of an IPv6 prefix local in the calling thread's network
// namespace.
func addLocal(prefix netip.Prefix) error {
	err := netlink.RouteAdd(&netlink.Route{
		LinkIndex: loopbackIndex,
		Table:     unix.RT_TABLE_LOCAL,
		Type:      unix.RTN_LOCAL,
		Dst:       &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), 128)},
	})
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return failed("add the route to "+prefix.String(), err)
}

// loopbackIndex is the interface number of lo in every network namespace.
const loopbackIndex = 1

var loopback = &netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: "lo", Index: loopbackIndex}}

// loopbackUp brings lo up in the calling thread's network namespace.
func loopbackUp() error {
	return failed("bring lo up", netlink.LinkSetUp(loopback))
}

// hasIPv6 says whether lo has IPv6 in the calling thread's network namespace,
// after trying to switch it on.
func hasIPv6() bool {
	const path = "/proc/sys/net/ipv6/conf/lo/disable_ipv6"
	text, err := os.ReadFile(path)
	if err != nil {
		return false // a kernel without IPv6
	}
	return strings.HasPrefix(string(text), "0") || os.WriteFile(path, []byte("0"), 0) == nil
}

// hidingPlace is a directory over which the run can mount its private tmpfs:
// one that hides nothing of what is needed.
func hidingPlace(needs []string) (string, error) {
	executable, err := os.Executable()
	if err != nil {
		return "", err
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	var needed []string
	for _, need := range append([]string{executable, dir}, needs...) {
		full, err := filepath.Abs(need)
		if err != nil {
			return "", err
		}
		needed = append(needed, full)
		if real, err := filepath.EvalSymlinks(full); err == nil {
			needed = append(needed, real)
		}
	}
	candidates := []string{"/tmp", "/dev/shm", "/var/tmp", "/mnt"}
	for _, candidate := range candidates {
		real, err := filepath.EvalSymlinks(candidate)
		if err != nil {
			continue
		}
		if info, err := os.Stat(real); err != nil || !info.IsDir() {
			continue
		}
		if !hidesAny(real, needed) && !hidesAny(candidate, needed) {
			return real, nil
		}
	}
	return "", fmt.Errorf("each of %v is missing or holds something that the run needs: %v", candidates, needed)
}

// hidesAny says whether one of paths is dir or below it.
func hidesAny(dir string, paths []string) bool {
	for _, path := range paths {
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}
