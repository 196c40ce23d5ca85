// Fields that Odoo's own mixins give to many models, as read from a real Odoo 19.0; see index.ts.

/** mail.activity.mixin */
export const activity = `activity_ids|one2many|s|mail.activity|res_id|Activities|
activity_state|selection|o|||Activity State|overdue=Overdue;today=Today;planned=Planned
activity_user_id|many2one|o|res.users||Responsible User|
activity_type_id|many2one||mail.activity.type||Next Activity Type|
activity_type_icon|char|o|||Activity Type Icon|
activity_date_deadline|date|o|||Next Activity Deadline|
my_activity_date_deadline|date|o|||My Activity Deadline|
activity_summary|char||||Next Activity Summary|
activity_exception_decoration|selection|o|||Activity Exception Decoration|warning=Alert;danger=Error
activity_exception_icon|char|o|||Icon|`;

/** mail.thread */
export const thread = `message_is_follower|boolean|o|||Is Follower|
message_follower_ids|one2many|s|mail.followers|res_id|Followers|
message_partner_ids|many2many||res.partner||Followers (Partners)|
message_ids|one2many|s|mail.message|res_id|Messages|
has_message|boolean|o|||Has Message|
message_needaction|boolean|o|||Action Needed|
message_needaction_counter|integer|o|||Number of Actions|
message_has_error|boolean|o|||Message Delivery error|
message_has_error_counter|integer|o|||Number of errors|
message_attachment_count|integer|o|||Attachment Count|
website_message_ids|one2many|s|mail.message|res_id|Website Messages|
message_has_sms_error|boolean|o|||SMS Delivery error|`;

/** Every stored model. */
export const log = `create_uid|many2one|os|res.users||Created by|
create_date|datetime|os|||Created on|
write_uid|many2one|os|res.users||Last Updated by|
write_date|datetime|os|||Last Updated on|`;
