package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"yinzheng/ca/operate"
	"yinzheng/internal/auth"
	"yinzheng/internal/house"
	"yinzheng/internal/httpapi"
	"yinzheng/internal/keys"
)

func keyVerbs() []verb {
	return []verb{
		{"add", "--caller ID [--office USCC] --may ACTION,… [--operator FILE]", "make an API key; it is printed once", runKeyAdd},
		{"list", "", "the inventory of private keys: algorithm, use, state, dates, signatures", runKeyList},
		{"retire", "KEY", "propose that a key signs no more", keyState("retire", keys.Retired)},
		{"activate", "KEY", "propose that a retired key signs again", keyState("activate", keys.Active)},
		{"destroy", "KEY", "propose to destroy a private key for ever", keyState("destroy", keys.Destroyed)},
		{"quota", "KEY N", "propose how many signatures a key may make in its life; 0 for no bound", runKeyQuota},
		{"backup", "--out FILE --backup-passphrase FILE", "write all keys, re-encrypted, into one file", runKeyBackup},
		{"restore", "--from FILE --backup-passphrase FILE", "bring the keys of a backup into a data folder without any", runKeyRestore},
		{"reseal", "--to CONFIG", "let the keys rest under another passphrase or a token; the service is not running", runKeyReseal},
		{"verify", "", "check the record of every signature made", runKeyVerify},
	}
}

func runKey(ctx context.Context, p *program, args []string) error {
	return runVerb(ctx, p, "key", keyVerbs(), args)
}

// callerFromFlags reads who a key or a certificate is to speak for.
func callerFromFlags(name, id, office, may string) (auth.Caller, error) {
	if id == "" || may == "" {
		return auth.Caller{}, usageError{name + " : --caller and --may are needed"}
	}
	c := auth.Caller{ID: id, Office: office}
	for action := range strings.SplitSeq(may, ",") {
		c.Actions = append(c.Actions, auth.Action(strings.TrimSpace(action)))
	}
	if err := c.Check(); err != nil {
		return c, usageError{name + " : " + err.Error()}
	}
	return c, nil
}

func runKeyAdd(ctx context.Context, p *program, args []string) error {
	fs := p.flags("key add")
	config := fs.String("config", "", "configuration")
	caller := fs.String("caller", "", "stable name of the calling system or person, for the audit record")
	office := fs.String("office", "", "unified social credit code of the office it acts for")
	may := fs.String("may", "", "actions, divided by commas")
	operator := fs.String("operator", "", "file with the API key of the operator who asks; needed for one more operator once there are two")
	if err := parse(fs, args); err != nil {
		return err
	}
	c, err := callerFromFlags("key add", *caller, *office, *may)
	if err != nil {
		return err
	}
	return withHouse(ctx, p, *config, func(h *house.House) error {
		var by auth.Caller
		if *operator != "" {
			secret, err := os.ReadFile(*operator)
			if err != nil {
				return fmt.Errorf("reading the operator's key : %w", err)
			}
			if by, err = h.DB.CallerOf(ctx, auth.KeyDigest(strings.TrimSpace(string(secret)))); err != nil {
				return fmt.Errorf("key add : %w", err)
			}
		}
		key, proposal, err := h.AddKey(ctx, by, c)
		if errors.Is(err, operate.ErrTwoPeople) {
			return hinted{fmt.Errorf("key add : %w", err), "name the key of an operator with --operator; another one approves with yinzheng ca approve"}
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(p.out, key)
		if proposal != "" {
			fmt.Fprintf(p.err, "the key is good once proposal %s is approved\n", proposal)
		}
		return nil
	})
}

func runKeyList(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("key list")
	return o.at(ctx, p, args, 0, func(c counter, _ []string) error {
		bodies, err := c.keys(ctx)
		if err != nil {
			return err
		}
		return o.tell(p, bodies, func(w io.Writer) {
			fmt.Fprintln(w, "KEY\tALGORITHM\tUSE\tSTATE\tUSED\tQUOTA\tCREATED\tLAST USED\tPROTECTED BY")
			for _, k := range bodies {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", k.ID, k.Algorithm, k.Use, k.State, k.Used, orDash(k.Quota),
					k.Created.Format(time.DateOnly), lastUsed(k), k.Protected)
			}
		})
	})
}

func orDash(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func lastUsed(k httpapi.KeyBody) string {
	if k.LastUsed == nil {
		return "-"
	}
	return k.LastUsed.Format(time.DateTime)
}

// keyState makes the verb that proposes a state.
func keyState(name string, state keys.State) func(context.Context, *program, []string) error {
	return func(ctx context.Context, p *program, args []string) error {
		o := p.operatorFlags("key " + name)
		return o.at(ctx, p, args, 1, func(c counter, rest []string) error {
			return o.propose(ctx, p, c, operate.ActKeyState, operate.KeyState{Key: rest[0], State: state})
		})
	}
}

func runKeyQuota(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("key quota")
	return o.at(ctx, p, args, 2, func(c counter, rest []string) error {
		quota, err := strconv.ParseInt(rest[1], 10, 64)
		if err != nil || quota < 0 {
			return usageError{"key quota : the quota is not a number of signatures"}
		}
		return o.propose(ctx, p, c, operate.ActKeyQuota, operate.KeyQuota{Key: rest[0], Quota: quota})
	})
}

// keyFolder opens the folder of keys of a configuration where they are; a signer process is asked for nothing of this kind.
func keyFolder(p *program, config string) (*keys.Folder, func() error, error) {
	cfg, where, err := keysOf(config)
	if err != nil {
		return nil, nil, err
	}
	holder, closeKeys, err := house.OpenKeys(cfg.Data, where, p.now, p.log)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the keys : %w", err)
	}
	folder, isFolder := holder.(*keys.Folder)
	if !isFolder {
		return nil, nil, errors.Join(errors.New("the keys are not in a folder of this machine"), closeKeys())
	}
	return folder, closeKeys, nil
}

func runKeyBackup(ctx context.Context, p *program, args []string) error {
	fs := p.flags("key backup")
	config := fs.String("config", "", "configuration")
	out := fs.String("out", "", "new file for the backup")
	secret := fs.String("backup-passphrase", "", "file with the passphrase under which the backup is encrypted")
	if err := parse(fs, args); err != nil {
		return err
	}
	passphrase, err := readSecret(*secret)
	if err != nil {
		return err
	}
	folder, closeKeys, err := keyFolder(p, *config)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(*out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errors.Join(fmt.Errorf("key backup : %w", err), closeKeys())
	}
	err = folder.Backup(ctx, f, passphrase)
	err = errors.Join(err, f.Sync(), f.Close(), closeKeys())
	if err != nil {
		return errors.Join(fmt.Errorf("key backup : %w", err), os.Remove(*out))
	}
	fmt.Fprintln(p.out, *out)
	return nil
}

func runKeyRestore(ctx context.Context, p *program, args []string) error {
	fs := p.flags("key restore")
	config := fs.String("config", "", "configuration, whose data folder has no keys")
	from := fs.String("from", "", "backup")
	secret := fs.String("backup-passphrase", "", "file with the passphrase of the backup")
	if err := parse(fs, args); err != nil {
		return err
	}
	cfg, where, err := keysOf(*config)
	if err != nil {
		return err
	}
	backup, err := readSecret(*secret)
	if err != nil {
		return err
	}
	f, err := os.Open(*from)
	if err != nil {
		return fmt.Errorf("key restore : %w", err)
	}
	err = house.RestoreKeys(ctx, cfg.Data, f, backup, where, p.now)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("key restore : %w", err)
	}
	fmt.Fprintln(p.out, cfg.Data)
	return nil
}

func runKeyReseal(ctx context.Context, p *program, args []string) error {
	fs := p.flags("key reseal")
	config := fs.String("config", "", "present configuration")
	to := fs.String("to", "", "next configuration: the same data folder, another passphrase or a token")
	if err := parse(fs, args); err != nil {
		return err
	}
	next, where, err := keysOf(*to)
	if err != nil {
		return err
	}
	present, err := readConfig(*config)
	if err != nil {
		return err
	}
	if present.Data != next.Data {
		return usageError{"key reseal : the two configurations name different data folders"}
	}
	folder, closeKeys, err := keyFolder(p, *config)
	if err != nil {
		return err
	}
	if err := errors.Join(house.ResealKeys(ctx, folder, where), closeKeys()); err != nil {
		return fmt.Errorf("key reseal : %w", err)
	}
	fmt.Fprintf(p.out, "use %s from now on\n", *to)
	return nil
}

// keysOf reads a configuration and where its keys rest on this machine.
func keysOf(config string) (Config, house.KeysConfig, error) {
	if config == "" {
		return Config{}, house.KeysConfig{}, usageError{"a configuration is missing"}
	}
	cfg, err := readConfig(config)
	if err != nil {
		return cfg, house.KeysConfig{}, err
	}
	where, err := cfg.keys(true)
	return cfg, where, err
}

// readSecret reads a passphrase from a file.
func readSecret(file string) ([]byte, error) {
	if file == "" {
		return nil, usageError{"name the file that holds the passphrase"}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a passphrase : %w", err)
	}
	return []byte(strings.TrimSpace(string(b))), nil
}

func runKeyVerify(_ context.Context, p *program, args []string) error {
	fs := p.flags("key verify")
	config := fs.String("config", "", "configuration")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *config == "" {
		return usageError{"--config FILE is missing"}
	}
	cfg, err := readConfig(*config)
	if err != nil {
		return err
	}
	report, err := house.VerifyKeyJournal(cfg.Data)
	if err != nil {
		return fmt.Errorf("key verify : %w", err)
	}
	fmt.Fprintf(p.out, "%d signatures in %d files, the record is whole; its head is %s\n", report.Uses, report.Files, report.Head)
	return nil
}
