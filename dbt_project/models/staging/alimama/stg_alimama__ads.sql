{#
  A purchase is an order paid in the shop within 15 days of the last click (`alipay_inshop_num`). It counts on the day of the click.
#}
{%- set figures = {
    'impressions': whole_number('r.record.report_index.ad_pv'),
    'clicks': whole_number('r.record.report_index.click'),
    'spend': number('r.record.report_index.charge'),
    'conversions_platform': number('r.record.report_index.alipay_inshop_num'),
    'conversion_value_platform': number('r.record.report_index.alipay_inshop_amt')
} -%}

{%- set campaign = {'campaign_id': 'r.record.campaign_id', 'campaign_name': 'r.record.campaign_name'} -%}
{%- set unit = dict(campaign, ad_group_id='r.record.adgroup_id', ad_group_name='r.record.adgroup_name') -%}

{{ ads_of(
    'alimama',
    [
        dict(figures, level='account', base='base_alimama__account_report'),
        dict(figures, level='campaign', base='base_alimama__campaign_report', **campaign),
        dict(figures, level='ad_group', base='base_alimama__adgroup_report', **unit),
        dict(
            figures,
            level='ad', base='base_alimama__creative_report',
            ad_id='r.record.creative', ad_name='r.record.creative_name',
            **unit
        )
    ],
    attribution_window='15d_last_click',
    conversion_time_basis='click_date'
) }}
