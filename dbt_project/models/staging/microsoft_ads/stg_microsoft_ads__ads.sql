{#
  Money is in whole units of the row's own currency. A purchase is a conversion of the goals that the account counts as conversions. It
  counts on the day of the click. A dash means not given and becomes null. Rows that were read before `ConversionsQualified` was asked
  for have the deprecated `Conversions`, a whole number.
#}
{%- set figures = {
    'impressions': whole_number('r.record.Impressions'),
    'clicks': whole_number('r.record.Clicks'),
    'spend': number('r.record.Spend'),
    'conversions_platform': number('coalesce(r.record.ConversionsQualified, r.record.Conversions)'),
    'conversion_value_platform': number('r.record.Revenue'),
    'currency': 'r.record.CurrencyCode'
} -%}
{%- set campaign = {'campaign_id': 'r.record.CampaignId', 'campaign_name': 'r.record.CampaignName'} -%}

{{ ads_of(
    'microsoft_ads',
    [
        dict(figures, level='account', base='base_microsoft_ads__account_report'),
        dict(figures, level='campaign', base='base_microsoft_ads__campaign_report', **campaign),
        dict(
            figures,
            level='ad', base='base_microsoft_ads__ad_report',
            ad_group_id='r.record.AdGroupId', ad_group_name='r.record.AdGroupName',
            ad_id='r.record.AdId', ad_name='r.record.AdTitle',
            **campaign
        ),
        dict(
            figures,
            level='keyword', base='base_microsoft_ads__keyword_report',
            ad_group_id='r.record.AdGroupId', ad_group_name='r.record.AdGroupName',
            keyword_id='r.record.KeywordId', keyword_text='r.record.Keyword', match_type='lower(r.record.BidMatchType)',
            **campaign
        )
    ],
    attribution_window='microsoft_default_30d_click',
    conversion_time_basis='click_date'
) }}
