{#
  Translates GA4's default channel groups to source_l1 of the marts. A group that is not here becomes 'unknown' and keeps its own name in
  source_l2.
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
    ('AI Assistant', 'off_platform'),
] -%}

{{ source_map(names) }}
