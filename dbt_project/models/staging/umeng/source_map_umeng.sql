{#
  Translates the channels an app was installed from (in small letters) to source_l1 of the marts. App stores bring people to the
  merchant's own app; advertising networks were paid. Merchants name channels themselves: one that is not here becomes 'unknown' and keeps
  its own name in source_l2.
#}
{%- set names = [
    ('app store', 'owned'),
    ('appstore', 'owned'),
    ('googleplay', 'owned'),
    ('google play', 'owned'),
    ('huawei', 'owned'),
    ('honor', 'owned'),
    ('xiaomi', 'owned'),
    ('oppo', 'owned'),
    ('vivo', 'owned'),
    ('meizu', 'owned'),
    ('samsung', 'owned'),
    ('yingyongbao', 'owned'),
    ('tencent', 'owned'),
    ('baidu', 'owned'),
    ('360', 'owned'),
    ('wandoujia', 'owned'),
    ('official', 'owned'),
    ('website', 'owned'),
    ('toutiao', 'paid_display_feed'),
    ('oceanengine', 'paid_display_feed'),
    ('guangdiantong', 'paid_display_feed'),
    ('gdt', 'paid_display_feed'),
    ('kuaishou', 'paid_display_feed'),
    ('baidusem', 'paid_search_bidding'),
    ('asa', 'paid_search_bidding'),
] -%}

{{ source_map(names) }}
