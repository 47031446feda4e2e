"""Where lanes run. A study is given a worker and does not know which.

threads    lanes in threads, one a core
devices    cpu, gpu or auto -> the device, and whether lanes go together in one program
"""
