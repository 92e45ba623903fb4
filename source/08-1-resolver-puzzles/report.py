"""Print how often the doors of a wall were opened, and which tracking codes are wrong."""

import hingelog
import tagcheck
import walltalk

TAGS = ["LL0000000018", "LL0000000019"]

if __name__ == "__main__":
    for door in walltalk.doors():
        print(f"door {door}: opened {hingelog.openings(door)} times")
    print("wrong:", *(tag for tag in TAGS if not tagcheck.valid(tag)))
