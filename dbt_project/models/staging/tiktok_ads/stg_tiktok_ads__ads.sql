{#
  Auction reports and GMV Max reports have different names for the same figures; each row has those of one of them, and an account is the
  sum of both. A purchase is a paid order that TikTok claims; `total_complete_payment_rate` is its value, whatever the name says. A dash
  means not measured and becomes null.
#}
{%- set auction = {
    'impressions': whole_number('r.record.metrics.impressions'),
    'clicks': whole_number('r.record.metrics.clicks'),
    'spend': number('r.record.metrics.spend'),
    'conversions_platform': number('r.record.metrics.complete_payment'),
    'conversion_value_platform': number('r.record.metrics.total_complete_payment_rate')
} -%}
{%- set both = dict(
    auction,
    spend='coalesce(' ~ auction.spend ~ ', ' ~ number('r.record.metrics.cost') ~ ')',
    conversions_platform='coalesce(' ~ auction.conversions_platform ~ ', ' ~ number('r.record.metrics.orders') ~ ')',
    conversion_value_platform=
        'coalesce(' ~ auction.conversion_value_platform ~ ', ' ~ number('r.record.metrics.gross_revenue') ~ ')'
) -%}

{{ ads_of(
    'tiktok_ads',
    [
        dict(both, level='account', base='base_tiktok_ads__account_report', is_summed=true),
        dict(
            both,
            level='campaign', base='base_tiktok_ads__campaign_report',
            campaign_id='r.record.dimensions.campaign_id', campaign_name='r.record.metrics.campaign_name'
        ),
        dict(
            auction,
            level='ad', base='base_tiktok_ads__ad_report',
            campaign_id='r.record.metrics.campaign_id', campaign_name='r.record.metrics.campaign_name',
            ad_group_id='r.record.metrics.adgroup_id', ad_group_name='r.record.metrics.adgroup_name',
            ad_id='r.record.dimensions.ad_id', ad_name='r.record.metrics.ad_name'
        )
    ],
    attribution_window='tiktok_default_7d_click_1d_view',
    conversion_time_basis='click_date'
) }}
