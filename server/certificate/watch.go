package certificate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is the time between an event and the reading of the files. Certificate
// and key are two files, and tools write them one after the other.
const settle = 100 * time.Millisecond

// Watch replaces the pair when its files change, until the context ends. It
// watches directories and not files, because tools rename files and switch
// links. After an error, changes are no longer noticed.
func (o *Own) Watch(ctx context.Context) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cannot watch the certificate's files: %w", err)
	}
	defer watcher.Close()
	if err := o.follow(watcher); err != nil {
		return err
	}
	due := time.NewTimer(0) // the files may have changed before they were watched
	for waiting := true; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-due.C:
			waiting = false
			if err := o.follow(watcher); err != nil { // links may have been switched
				return err
			}
			o.filesChanged()
			continue
		case <-watcher.Events:
		case err := <-watcher.Errors:
			// Events were lost, so the files are read as after an event.
			o.log.Printf("watching the certificate's files: %v", err)
		}
		if !waiting {
			waiting = true
			due.Reset(settle)
		}
	}
}

// follow makes the watcher watch exactly the directories on which the paths of
// the files depend now.
func (o *Own) follow(watcher *fsnotify.Watcher) error {
	wanted := append(directories(o.files.CertPath), directories(o.files.KeyPath)...)
	for _, dir := range watcher.WatchList() {
		if !slices.Contains(wanted, dir) {
			_ = watcher.Remove(dir) // fails for a directory that no longer exists
		}
	}
	for _, dir := range wanted {
		// A directory is added again because another one may have its name now.
		// If a directory vanished just now, reading the files fails, and the
		// next call watches the directory above.
		if err := watcher.Add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot watch %s: %w", dir, err)
		}
	}
	return nil
}
