# shellcheck shell=bash
# The text of the demonstration. `demonstration` in tools/run/demo.sh sources this file and supplies `act` and `table`.

cat <<'END'
FAULTLINE: one page fault, and a program that waits for it for ever

Programs that share a lock keep it as a number in memory. They call the kernel only when they have to wait. Such a
number is a "futex". In some of these calls the kernel itself writes the number. While it writes, it holds a lock of its
own and must not wait, so it switches page faults off. If the write faults, the kernel gives the lock up, makes the page
ready, and tries again. This story is about what "makes the page ready" has to mean.

For each page of a program the kernel keeps an ENTRY with marks: present, writable, young (used lately) and dirty
(written). This processor does not set the last two marks itself; many do not. So the kernel lets it read a page
only while the entry is young, and write to it only while the entry is also dirty. The first use and the first write
fault, and the fault handler sets the mark. A page can therefore be writable, and the next write to it still faults.

Below, the kernel boots on an emulated ARMv7 machine, again for each act. Lines with a bar come from that machine.


ACT 1. The report of July 2011: a program that hangs

A parent holds a lock and forks. The child reads the lock: now the entry of its page is young, but still clean. The lock
is taken, so the child asks the kernel to wait for it, and the kernel has to write the number. The write faults. This
kernel makes the page ready as Linux did until 2011: it calls get_user_pages, which finds the memory behind an address.
The entry is present and writable, so get_user_pages finds the memory. It has nothing else to do, and changes nothing.
END
act original-report gup hangs

cat <<'END'

  Look at the entry in the report. In every round the write faults because "dirty" is missing, and in every round
  get_user_pages answers that all is well. Both are right, and neither sets the mark. The program would stay in this
  loop for ever. Here the kernel counts the rounds in which nothing changes, and then stops the machine.


ACT 2. The same program, one boot argument apart

Now the kernel makes the page ready with fixup_user_fault. It does what a fault of the program itself does: it runs the
fault handler, whatever the entry looks like. The handler finds out why the write failed, and sets "dirty".
END
act original-report fixup passes

cat <<'END'

  Compare the entry before and after: one call has set one mark, and the next try succeeds.


ACT 3. The same hang for another reason

"Young" can be missing too. When memory is short, the kernel clears that mark to see which pages are used again. Here a
program writes to its own memory and asks the kernel to age it. Nothing is shared and nothing is clean, but the entry
is old.
END
act aged-anon.wake_op-p gup hangs
act aged-anon.wake_op-p fixup passes

cat <<'END'


ACT 4. Nobody asked for it: memory is short

Here nobody ages a page on purpose. The machine has 32 MiB and a disk for swap. A program writes to its lock's page, and then
another one writes to 39 MiB. The kernel has to give pages away. It takes those that were not used lately, and to find
them it clears "young", a few pages at a time, all over the memory. Then the lock is used again.
END
act short-anon.wake_op-p gup hangs

cat <<'END'

  This is why the hang of 2011 was seen so rarely. It needs a machine that is short of memory, and a lock that is used
  after its page got old and before it is gone. A page that is gone is no problem: nothing is there, so even
  get_user_pages runs the fault handler.

The page can also go to swap and come back. Here the lock is in a file of a tmpfs. The program only reads it, and that read
brings the page back: present, writable, and clean.
END
act swapped-tmpfs-read.lock_pi gup hangs
act swapped-tmpfs-read.lock_pi fixup passes

cat <<'END'

  And the control: a page that is cleaned in another way. It is a page of a disk. The kernel writes it back in its own time,
  and to notice the next write it takes away "writable", too. So get_user_pages has to run the fault handler.
END
act disk-flushed.wake_op-p gup passes

cat <<'END'


ACT 5. The same hang for a third reason: the entry is perfect

A processor does not read the entry at every access. It keeps copies of entries, and a copy does not change when the
entry does. Here two threads of a program run on two processors. The second thread reads a page. Its processor's copy
says "read-only", because the page is clean. Then the first thread writes to the page. That fault sets "dirty" and drops
the first processor's copy, but not the second's. The old copy permits less than the entry. Usually this does no harm:
the next write there faults, and the processor gets a new copy.
Now the second thread makes a call in which the kernel writes, with page faults switched off. The get_user_pages of this
kernel even insists on "young" and "dirty". It finds both.
END
act stale.wake_op gup_dirty hangs

cat <<'END'

  The entry has every mark, and the copy (the line "machine") is still read-only. The entry alone cannot show that. When
  the fault handler sees that no mark is missing, it drops the copy.
END
act stale.wake_op fixup passes

cat <<'END'


ACT 6. Why not simply run the fault handler, always?

The first version of the cure did that. Here a process ends while it holds a lock in a page that it has made read-only.
The kernel writes a note for the tasks that wait for the lock, and the write faults. This version of fixup_user_fault
does not check whether the program may write to the page. The handler does its work, but the page stays
read-only, and the kernel tries again, in a process that is already ending and that no signal can stop.
END
act robust-exit.read-only fixup_2011 hangs

cat <<'END'

  Today's version checks first. The program may not write, so the loop ends: the note is not written, and the process
  ends.
END
act robust-exit.read-only fixup passes

cat <<'END'


ACT 7. Why nobody noticed for two years

All this needs a processor that leaves "young" and "dirty" to the kernel. Most do not: they set both marks themselves,
at the access, even while page faults are switched off. Here the part that fills the processor's copies of entries does
that, too, and the rest of the kernel is the one of act 1, with get_user_pages. The first write still finds that "dirty"
is missing. But it is the machine that notices: it looks at the entry once more, sets the mark, and goes on.
END
act original-report 'gup*' passes

cat <<'END'

  Nothing had to be repaired. On such a machine "the page is there" and "the write will work" are the same, so the
  wrong question got the right answer. It looks at the entry before it refuses a write, so an old copy does no harm either:
END
act stale.wake_op 'gup*' passes

cat <<'END'


ACT 8. Five repairs, side by side

  gup          get_user_pages: finds the page, leaves the entry as it is
  gup_dirty    get_user_pages that insists on young and dirty in the entry
  fixup_2011   the fault handler, without asking whether the access is allowed
  fixup        the fault handler, if the access is allowed: what Linux does today
  trap         get_user_pages; and the fault itself repairs old and clean entries, even while page faults are off
  gup*         gup, on the machine of act 7

Each word below is the result of its own boot: "hangs" means that the kernel's watch found the loop, "passes" means that
the program found every answer right.
END
if [[ -n $all ]]; then table '' ''; else table 8 1; fi
