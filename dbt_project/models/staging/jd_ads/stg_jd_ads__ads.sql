{#
  A purchase is an order line paid within 15 days of a click. It counts on the day of the click. In the group report the names of the
  figures have the prefix `r0_`; whether those of the ad report do is not confirmed, so both spellings are read there.
#}
{%- set fields = {
    'impressions': 'Impressions',
    'clicks': 'Clicks',
    'spend': 'Cost',
    'conversions_platform': 'TotalOrderCnt',
    'conversion_value_platform': 'TotalOrderSum'
} -%}
{%- set campaign, ad_group, ad = {}, {}, {} -%}
{%- for name, field in fields.items() -%}
    {%- set read = whole_number if name in ['impressions', 'clicks'] else number -%}
    {%- do campaign.update({name: read('r.record.figureData.' ~ field)}) -%}
    {%- do ad_group.update({name: read('r.record.figureData.r0_' ~ field)}) -%}
    {%- do ad.update({name: 'coalesce(' ~ ad_group[name] ~ ', ' ~ campaign[name] ~ ')'}) -%}
{%- endfor -%}
{%- set above = {
    'campaign_id': 'r.record.figureData.CampaignId',
    'campaign_name': 'r.record.figureData.CampaignName',
    'ad_group_name': 'r.record.figureData.GroupName'
} -%}

{{ ads_of(
    'jd_ads',
    [
        dict(
            level='account', base='base_jd_ads__account_report',
            impressions=whole_number('r.record.impressions'),
            clicks=whole_number('r.record.clicks'),
            spend=number('r.record.cost'),
            conversions_platform=number('r.record.totalOrderCnt'),
            conversion_value_platform=number('r.record.totalOrderSum')
        ),
        dict(
            campaign,
            level='campaign', base='base_jd_ads__campaign_report',
            campaign_id='r.record.id', campaign_name='r.record.figureData.CampaignName'
        ),
        dict(ad_group, level='ad_group', base='base_jd_ads__group_report', ad_group_id='r.record.id', **above),
        dict(
            ad,
            level='ad', base='base_jd_ads__ad_report',
            ad_group_id='r.record.figureData.GroupId',
            ad_id='r.record.id', ad_name='r.record.figureData.AdName',
            **above
        )
    ],
    attribution_window='15d_click',
    conversion_time_basis='click_date'
) }}
