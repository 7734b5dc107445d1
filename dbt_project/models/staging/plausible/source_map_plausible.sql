{#
  What Plausible's acquisition channels are in our words (source_l1 of the marts). Data: one line per channel. A channel that
  is not here shows as 'unknown', under its own name in source_l2.
#}
{%- set names = [
    ('Direct', 'direct_returning'),
    ('Organic Search', 'free_search'),
    ('Organic Shopping', 'free_search'),
    ('Organic Social', 'free_content'),
    ('Organic Video', 'free_content'),
    ('Paid Search', 'paid_search_bidding'),
    ('Paid Shopping', 'paid_search_bidding'),
    ('Paid Social', 'paid_display_feed'),
    ('Paid Video', 'paid_display_feed'),
    ('Paid Other', 'paid_display_feed'),
    ('Display', 'paid_display_feed'),
    ('Cross-network', 'paid_display_feed'),
    ('Audio', 'paid_display_feed'),
    ('Affiliates', 'affiliate'),
    ('Email', 'owned'),
    ('SMS', 'owned'),
    ('Mobile Push Notifications', 'owned'),
    ('Referral', 'off_platform'),
    ('AI Assistants', 'off_platform'),
] -%}

{{ source_map(names) }}
