"""fieldconf: how sure was the model of each field?"""
