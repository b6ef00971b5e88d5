package house

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/ceremony"
	"yinzheng/internal/audit"
	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/remote"
	"yinzheng/internal/keys/token"
	"yinzheng/internal/store"
	"yinzheng/sealing"
)

// keysDir holds the private keys, below the data folder.
const keysDir = "keys"

// sampled is of how many licences one is verified by the second SM2 implementation as well: its opinion takes a millisecond
// of a core, and a fault of the first one that shows at all shows in so many.
const sampled = 64

// KeysConfig says where the private keys are: exactly one of its members counts, in this order.
type KeysConfig struct {
	Socket     string        // of the signer process: no private key is in this one
	Token      *token.Config // files under a key of a PKCS#11 token
	Passphrase []byte        // files under a passphrase
}

// OpenKeys opens the place where a region's private keys are, and what closes it.
func OpenKeys(data string, c KeysConfig, now func() time.Time, log *slog.Logger) (keys.Holder, func() error, error) {
	if c.Socket != "" {
		client, err := remote.Dial(remote.ClientConfig{Socket: c.Socket})
		if err != nil {
			return nil, nil, err
		}
		return client, client.Close, nil
	}
	prepare, err := withoutKeys(data)
	if err != nil {
		return nil, nil, err
	}
	sealed, closeToken, err := c.sealing(prepare)
	if err != nil {
		return nil, nil, err
	}
	folder, err := keys.OpenFolder(keys.FolderConfig{Dir: filepath.Join(data, keysDir), Sealing: sealed, Now: now, Log: log})
	if err != nil {
		return nil, nil, errors.Join(err, closeToken())
	}
	return folder, func() error { return errors.Join(folder.Close(), closeToken()) }, nil
}

// withoutKeys reports whether a data folder has no key yet.
func withoutKeys(data string) (bool, error) {
	there, err := filepath.Glob(filepath.Join(data, keysDir, "*.json"))
	return len(there) == 0, err
}

// openBooks opens database and keys: what everything else rests on.
func (h *House) openBooks(ctx context.Context) (err error) {
	address := h.cfg.Database
	if address == "" {
		address = filepath.Join(h.cfg.Data, "yinzheng.db")
	}
	if h.DB, err = store.Open(ctx, store.Config{URL: address}); err != nil {
		return fmt.Errorf("opening the database : %w", err)
	}
	if h.Keys, h.closeKeys, err = OpenKeys(h.cfg.Data, h.cfg.Keys, h.cfg.Now, h.cfg.Log); err != nil {
		return fmt.Errorf("opening the keys : %w", err)
	}
	return nil
}

// regionConfig is what the region is given.
func (h *House) regionConfig(last time.Time) ca.Config {
	return ca.Config{
		Dir: filepath.Join(h.cfg.Data, regionDir), Keys: h.Keys, Books: h.DB, Base: h.cfg.URL, Now: h.cfg.Now, Last: last, Alarm: h.alarm,
	}
}

// alarm makes a disagreement of two implementations known: in the log, in the audit record, and by /readyz, which the region
// answers no more.
func (h *House) alarm(ctx context.Context, what string, err error) {
	h.cfg.Log.ErrorContext(ctx, "ALARM: signing is stopped", "what", what, "err", err)
	h.record(context.WithoutCancel(ctx), "alarm.cross-check", what, err.Error())
}

// second asks the second implementation about each seal and one licence in sampled; a disagreement stops the region.
func (h *House) second() sealing.Second {
	return sealing.Second{Every: sampled, Working: h.Region.Working, Disagreed: h.Region.Stop}
}

// record appends to the audit record what the house did by itself.
func (h *House) record(ctx context.Context, action, object, detail string) {
	_, err := h.DB.Append(ctx, audit.Entry{At: h.cfg.Now(), Caller: "yinzheng", Action: action, Object: object, Detail: detail})
	if err != nil {
		h.cfg.Log.ErrorContext(ctx, "recording", "action", action, "err", err)
	}
}

// holdCeremony certifies the issuing CAs by a ceremony held in one go, for a demonstration or a first look.
func (h *House) holdCeremony(ctx context.Context, requests []ca.CARequest) (ca.Certified, error) {
	return ceremony.Certify(ctx, ceremony.Config{
		Dir: h.cfg.Ceremony, Region: h.cfg.Region, Name: h.cfg.RegionName, URL: h.cfg.URL, Now: h.cfg.Now,
	}, requests)
}

// officeKeys finds the keys of offices' seals.
type officeKeys struct{ holder keys.Holder }

// Signer implements sealing.Keys.
func (k officeKeys) Signer(ctx context.Context, seal string) (crypto.Signer, error) {
	key, err := k.holder.Signer(ctx, ca.SealKey(seal))
	if errors.Is(err, keys.ErrNoKey) {
		return nil, fmt.Errorf("%w: %q", sealing.ErrNoSeal, seal)
	}
	return key, err
}

// sealing opens what the keys of a configuration rest under, and what closes it. Prepare makes the key-encryption key in a token
// that has none: only where no key can rest under another.
func (c KeysConfig) sealing(prepare bool) (keys.Sealing, func() error, error) {
	if c.Token == nil {
		return keys.Passphrase(bytes.Clone(c.Passphrase)), func() error { return nil }, nil
	}
	if prepare {
		if _, err := token.Init(*c.Token); err != nil {
			return nil, nil, err
		}
	}
	t, err := token.Open(*c.Token)
	if err != nil {
		return nil, nil, err
	}
	return t, t.Close, nil
}

// RestoreKeys brings the keys of a backup into a data folder that has none, to rest as the configuration says.
func RestoreKeys(ctx context.Context, data string, backup io.Reader, backupPassphrase []byte, c KeysConfig, now func() time.Time) error {
	prepare, err := withoutKeys(data)
	if err != nil {
		return err
	}
	sealed, closeSealing, err := c.sealing(prepare)
	if err != nil {
		return err
	}
	err = keys.Restore(ctx, backup, keys.RestoreConfig{Dir: filepath.Join(data, keysDir), Backup: backupPassphrase, Sealing: sealed, Now: now})
	return errors.Join(err, closeSealing())
}

// ResealKeys lets the keys of a folder rest under something else: another passphrase, or a token.
func ResealKeys(ctx context.Context, folder *keys.Folder, to KeysConfig) error {
	sealed, closeSealing, err := to.sealing(true)
	if err != nil {
		return err
	}
	return errors.Join(folder.Reseal(ctx, sealed), closeSealing())
}

// VerifyKeyJournal checks the record of signatures of a data folder and returns how many there are.
func VerifyKeyJournal(data string, known ...gm.Digest) (keys.JournalReport, error) {
	return keys.VerifyJournal(filepath.Join(data, keysDir), known...)
}

// recordKeysHead writes the end of the keys' record into the audit record, so that nothing can be cut off it unseen.
func (h *House) recordKeysHead(ctx context.Context) {
	folder, isOurs := h.Keys.(*keys.Folder)
	if !isOurs {
		return
	}
	_, head := folder.Head()
	h.record(ctx, keysHeadAction, head.String(), "")
}

const keysHeadAction = "keys.head"

// keysHead finds the newest end of the keys' record in the audit record.
func (h *House) keysHead(ctx context.Context) ([]gm.Digest, error) {
	var heads []gm.Digest
	for after := int64(0); ; {
		entries, err := h.DB.Entries(ctx, after, page)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			after = e.Sequence
			if e.Action != keysHeadAction {
				continue
			}
			head, err := gm.ParseDigest(e.Object)
			if err != nil {
				return nil, fmt.Errorf("audit entry %d: %w", e.Sequence, err)
			}
			heads = append(heads[:0], head)
		}
		if len(entries) < page {
			return heads, nil
		}
	}
}
